"""EDIFACT MSCONS: metered services consumption reports of the German and Swiss energy markets."""
