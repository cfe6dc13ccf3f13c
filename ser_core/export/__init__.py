"""Models as ONNX files with the predictions of the app.

`onnx_writer.export` writes one, `models.onnx.open_onnx` opens it as a predictor without torch,
`acceptance.accept` compares it with the app on real clips (parity), `pipeline.run_pipeline` does
all in several precisions, and `package.package` makes a zip that runs by itself.
"""
