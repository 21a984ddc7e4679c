"""Answers of European national hubs and portals: Datadis, Enedis, Fingrid, Fluvius, Mijn Aansluiting, EDA."""
