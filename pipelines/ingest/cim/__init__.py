"""IEC 61968-9: meter readings and end device events of the Common Information Model, in XML."""
