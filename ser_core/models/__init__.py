"""Models: a front-end, a normalisation and a network or estimator, on disk and in use.

`predictor` says what every model can be asked and opens any of them; `bundle` is one trained model,
`networks` the networks there are, `abilities` what can be done with a model.
"""
