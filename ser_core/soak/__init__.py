"""Bounded trials of long and rough use: many sessions, kills, long runs, large corpora, garbage.

Each part does its work a number of times that the caller chooses, with a seed, and gives figures.
A part that finds a fault counts it and names it: none of them passes over one.
"""
