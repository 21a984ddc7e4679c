"""P1: telegrams of the consumer port of European smart meters, from bytes to objects and times.

Sources: Netbeheer Nederland, P1 Companion Standard (DSMR 2.2 to 5.0.2); Fluvius, e-MUCS P1 (1.7.1); Swedenergy, branch
recommendation for the local customer interface (2.0); IEC 62056-21, mode D.
"""
