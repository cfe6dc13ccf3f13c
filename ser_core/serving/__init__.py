r"""Models as MLflow serves them: sound in, one row of probabilities out, over HTTP.

python -m ser_core models log --model FOLDER
mlflow models serve --model-uri models:/m-... --env-manager local --port 5001
(printf '{"dataframe_records":[{"audio":"'; base64 < clip.wav | tr -d '\n'; printf '"}]}') |
    curl localhost:5001/invocations -H 'Content-Type: application/json' -d @-
"""
