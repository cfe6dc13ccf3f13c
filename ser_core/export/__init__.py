"""Models as ONNX files that answer as the app does.

`writing.export` writes one, `model.open_onnx` opens it as a predictor without torch, `gate.gate`
holds it against the app, `producing.produce` does all of it in several precisions, and
`package.package` makes a zip that runs by itself.
"""
