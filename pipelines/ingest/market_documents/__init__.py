"""Measure documents of the European market: the Danish hub (CIM in XML and JSON, ebIX), Eloverblik, the ENTSO-E shape."""
