// Runs the model beside the page, so that the page stays responsive.
import * as ort from './onnxruntime-web/ort.js';
import { resampled } from './sound.js';

const at = (name) => new URL(name, import.meta.url).href;
let session;

async function bytes(name, onPart = () => {}) {
  const answer = await fetch(at(name));
  if (!answer.ok) throw new Error(`${name} is missing (${answer.status})`);
  const total = Number(answer.headers.get('Content-Length')) || 0;
  const reader = answer.body.getReader();
  const parts = [];
  let done = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    parts.push(part.value);
    done += part.value.length;
    onPart(done, total);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

const jobs = {
  async open(_given, report) {
    ort.env.logLevel = 'error';
    ort.env.wasm.numThreads = 1; // more would need headers that plain servers do not send
    ort.env.wasm.wasmBinary = await bytes('onnxruntime-web/ort.wasm');
    session = await ort.InferenceSession.create(await bytes('model.onnx', report), {
      logSeverityLevel: 3, // errors only
    });
    return null;
  },
  async resample({ samples, from, to }) {
    return resampled(samples, from, to);
  },
  async predict({ samples }) {
    const waveform = new ort.Tensor('float32', samples, [1, samples.length]);
    const { probabilities } = await session.run({ waveform }, ['probabilities']);
    return Array.from(probabilities.data);
  },
};

self.onmessage = async ({ data: { id, job, given } }) => {
  try {
    const report = (done, total) => self.postMessage({ id, done, total });
    self.postMessage({ id, result: await jobs[job](given, report) });
  } catch (error) {
    self.postMessage({ id, problem: String(error.message ?? error) });
  }
};
self.postMessage({ ready: true });
