"""Models as ONNX files with the predictions of the app.

`writing.export` writes one, `model.open_onnx` opens it as a predictor without torch, `gate.gate`
holds it against the app, `producing.produce` does all of it in several precisions, and
`package.package` makes a zip that runs by itself.
"""
