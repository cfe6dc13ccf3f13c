// Sound in the browser: its own sample rate, decoding, one channel, resampling.

const USUAL = 48000; // Hz, where a file's header is not understood
const CANCELLED_DB = 12; // loss of the mean against the loudest channel, as in the app

const text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));

// Sample rate in the header of a file. The browser would resample to a rate of its own choice,
// by a method of its own; asked for this one it leaves the samples as they are.
export function rateOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const readers = { RIFF: waveRate, fLaC: flacRate, OggS: oggRate };
  const reader = readers[text(bytes, 0, 4)] ?? mp3Rate;
  try {
    const rate = reader(bytes, view);
    return rate >= 3000 && rate <= 384000 ? rate : USUAL;
  } catch (error) {
    if (error instanceof RangeError) return USUAL; // the file ends within its header
    throw error;
  }
}

function waveRate(bytes, view) {
  for (let at = 12; at + 8 <= bytes.length; ) {
    if (text(bytes, at, 4) === 'fmt ') return view.getUint32(at + 12, true);
    const size = view.getUint32(at + 4, true);
    at += 8 + size + (size % 2);
  }
  return 0;
}

const flacRate = (_bytes, view) => view.getUint32(18) >>> 12; // 20 bits of STREAMINFO

function oggRate(bytes, view) {
  const begin = 27 + bytes[26]; // after the table of the first page's segments
  return text(bytes, begin, 8) === 'OpusHead' ? USUAL : view.getUint32(begin + 12, true);
}

const MP3_RATES = [44100, 48000, 32000]; // of MPEG 1; versions 2 and 2.5 have halves and quarters

function mp3Rate(bytes, view) {
  let at = 0;
  if (text(bytes, 0, 3) === 'ID3') {
    at = 10 + ((bytes[6] << 21) | (bytes[7] << 14) | (bytes[8] << 7) | bytes[9]);
  }
  for (const end = Math.min(bytes.length - 4, at + 65536); at < end; at++) {
    const head = view.getUint32(at);
    const [version, layer, kind] = [(head >> 19) & 3, (head >> 17) & 3, (head >> 10) & 3];
    if (head >>> 21 === 0x7ff && version !== 1 && layer !== 0 && kind !== 3) {
      return MP3_RATES[kind] / { 3: 1, 2: 2, 0: 4 }[version];
    }
  }
  return 0;
}

// Samples of a file, (channels, samples), and their rate.
export async function decode(bytes) {
  const rate = rateOf(bytes);
  const context = new OfflineAudioContext(1, 1, rate);
  const sound = await context.decodeAudioData(bytes.slice().buffer);
  const every = Array.from({ length: sound.numberOfChannels }, (_, n) => sound.getChannelData(n));
  const channels = every.map(asStored);
  return { samples: mixed(channels), rate: sound.sampleRate };
}

// Samples of 16 bits divided by 32768. Chromium divides those above zero by 32767, which features
// that are sensitive to small values tell; other browsers, and files of other kinds, are left alone.
function asStored(samples) {
  const some = samples.filter((value) => value > 0.01).subarray(0, 400);
  const whole = (factor) => some.every((value) => Math.abs(value * factor - Math.round(value * factor)) < 5e-3);
  if (!some.length || !whole(32767) || whole(32768)) return samples;
  return samples.map((value) => (value > 0 ? (value * 32767) / 32768 : value));
}

// The mean of the channels; where they cancel in it, the loudest of them.
export function mixed(channels) {
  if (channels.length === 1) return channels[0];
  const mean = new Float32Array(channels[0].length);
  for (const channel of channels) channel.forEach((value, n) => { mean[n] += value / channels.length; });
  const energy = (samples) => samples.reduce((sum, value) => sum + value * value, 0);
  const loudest = channels.map(energy);
  const most = Math.max(...loudest);
  const lost = most > 0 && energy(mean) < most * 10 ** (-CANCELLED_DB / 10);
  return lost ? channels[loudest.indexOf(most)] : mean;
}

// Resampling by a windowed sinc: flat up to 0.913 of the lower Nyquist frequency and 120 dB down at
// it, as soxr's quality HQ has it, with the Kaiser window (Kaiser, 1974) that this takes.
const PASS = 0.913;
const DOWN = 120;
const BETA = 0.1102 * (DOWN - 8.7);

export function resampled(samples, from, to) {
  if (from === to) return samples;
  const divisor = gcd(from, to);
  const [up, down] = [to / divisor, from / divisor];
  const lower = Math.min(1, to / from); // Nyquist frequency of both, as a share of the source's
  const half = Math.ceil((DOWN - 8) / (2.285 * Math.PI * lower * (1 - PASS)) / 2);
  const cut = (lower * (1 + PASS)) / 2;
  const filters = new Map();
  const length = Math.round((samples.length * to) / from);
  const out = new Float32Array(length);
  for (let n = 0; n < length; n++) {
    const whole = Math.floor((n * down) / up);
    const phase = (n * down) % up;
    if (!filters.has(phase)) filters.set(phase, kernel(phase / up, half, cut));
    const weights = filters.get(phase);
    const first = whole - half + 1;
    let sum = 0;
    const end = Math.min(weights.length, samples.length - first);
    for (let k = Math.max(0, -first); k < end; k++) sum += weights[k] * samples[first + k];
    out[n] = sum;
  }
  return out;
}

function kernel(fraction, half, cut) {
  const weights = new Float64Array(2 * half);
  for (let k = 0; k < weights.length; k++) {
    const x = k - half + 1 - fraction;
    const inside = 1 - (x / half) ** 2;
    const sinc = x === 0 ? cut : Math.sin(Math.PI * cut * x) / (Math.PI * x);
    weights[k] = inside > 0 ? (sinc * bessel(BETA * Math.sqrt(inside))) / bessel(BETA) : 0;
  }
  return weights;
}

// Modified Bessel function of the first kind and order 0, by its series.
function bessel(x) {
  let [sum, term] = [1, 1];
  for (let k = 1; term > 1e-12 * sum; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function gcd(a, b) {
  return b ? gcd(b, a % b) : a;
}

export function peakOf(samples) {
  return samples.reduce((peak, value) => Math.max(peak, Math.abs(value)), 0);
}

// A WAV file of 16 bits, to hear a recording again.
export function wave(samples, rate) {
  const view = new DataView(new ArrayBuffer(44 + 2 * samples.length));
  const write = (at, word) => [...word].forEach((sign, n) => view.setUint8(at + n, sign.charCodeAt(0)));
  write(0, 'RIFF');
  view.setUint32(4, 36 + 2 * samples.length, true);
  write(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rate, true);
  view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  write(36, 'data');
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((value, n) => {
    view.setInt16(44 + 2 * n, Math.max(-1, Math.min(1, value)) * 32767, true);
  });
  return new Blob([view], { type: 'audio/wav' });
}

// Begins of windows over a recording, in seconds; the last ends where the recording does.
export function starts(duration, { window, hop, shortest }) {
  const last = Math.max(0, duration - window);
  const found = [];
  for (let n = 0; n * hop < last; n++) found.push(n * hop);
  if (found.length > 1 && last - found[found.length - 1] < shortest) found.pop();
  return [...found, last];
}
