"""What a model answers under attack, over a bad line, and to what should tell it nothing."""
