"""Fault injection: true texts in many styles, and faults written into them, as a regression test of the reader."""
