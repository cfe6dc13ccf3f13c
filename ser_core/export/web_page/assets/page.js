// The page: a sound in, probabilities and a timeline out. All of it runs here.
import { decode, mixed, peakOf, starts, wave } from './sound.js';

const find = (id) => document.getElementById(id);
const about = await (await fetch('model.json')).json();
const LONGEST_RECORDING = 120; // s
const LIVE = 0.5; // s between two answers while one speaks

// ---- the model, in a worker -------------------------------------------------------------------

// Begun by a blob, the worker is under the policy of this page; begun by its address it would be
// under none.
const address = new URL('worker.js', import.meta.url).href;
const begin = new Blob([`import ${JSON.stringify(address)};`], { type: 'text/javascript' });
const worker = new Worker(URL.createObjectURL(begin), { type: 'module' });
const waiting = new Map();
let asked = 0;
const begun = new Promise((resolve, reject) => {
  worker.onerror = ({ message }) => reject(new Error(`the program of the model cannot be started (${message ?? 'no reason is given'})`));
  worker.onmessage = ({ data }) => {
    if (data.ready) { resolve(); return; }
    const call = waiting.get(data.id);
    if ('done' in data) { call.report(data.done, data.total); return; }
    waiting.delete(data.id);
    if ('problem' in data) call.reject(new Error(data.problem));
    else call.resolve(data.result);
  };
});

async function ask(job, given, report = () => {}) {
  await begun;
  return new Promise((resolve, reject) => {
    asked += 1;
    waiting.set(asked, { resolve, reject, report });
    worker.postMessage({ id: asked, job, given });
  });
}

// Calibrated probabilities, which sum to 1, by class.
async function predict(samples) {
  const given = await ask('predict', { samples });
  const total = given.reduce((sum, value) => sum + value, 0);
  if (!given.every((value) => value >= -1e-3) || !(Math.abs(total - 1) <= 1e-3)) {
    throw new Error('the model gives no answer for this sound: what it gives are no probabilities');
  }
  return given.map((value) => value / total);
}

// ---- what is shown ----------------------------------------------------------------------------

const say = (words) => { find('status').textContent = words; };

function complain(error) {
  say('');
  find('problem').textContent = String(error.message ?? error);
  find('problem').hidden = false;
}

function busy(on) {
  for (const id of ['record', 'choose']) find(id).disabled = on;
}

const percent = (value) => `${(100 * value).toFixed(value < 0.0995 ? 1 : 0)} %`;
const best = (values) => values.indexOf(Math.max(...values));
const unsure = (values) => about.threshold === null || Math.max(...values) < about.threshold;

function drawn(share, color, opacity = 1) {
  const space = 'http://www.w3.org/2000/svg';
  const picture = document.createElementNS(space, 'svg');
  const box = document.createElementNS(space, 'rect');
  const values = { width: `${100 * share}%`, height: '100%', fill: color, 'fill-opacity': opacity };
  for (const [name, value] of Object.entries(values)) box.setAttribute(name, value);
  picture.append(box);
  return picture;
}

function made(tag, words = '', name = '') {
  const element = document.createElement(tag);
  element.textContent = words;
  if (name) element.className = name;
  return element;
}

function showAnswer(values, before = '') {
  const top = about.classes[best(values)].name;
  const answer = `${top}, ${percent(Math.max(...values))}`;
  const why = about.threshold === null
    ? `. ${about.doubt}`
    : `, stays below ${percent(about.threshold)}, the limit of this model.`;
  find('verdict').textContent = before + (unsure(values) ? `Uncertain: ${answer}${why}` : answer);
  find('bars').replaceChildren(...about.classes.map(({ name, color }, n) => {
    const track = made('span', '', 'track');
    track.append(drawn(values[n], color));
    const line = made('li');
    line.dataset.probability = values[n];
    line.append(made('span', name), track, made('span', percent(values[n]), 'value'));
    return line;
  }));
}

// Of a long recording the timeline comes first: one answer for all of it says little.
function place(seconds) {
  const long = seconds > about.long;
  find('whole').classList.toggle('minor', long);
  find('of-all').hidden = !long;
  find('of-all').textContent = `One answer for all ${seconds.toFixed(0)} s together, also where the emotion changes: the timeline says more.`;
  if (long) find('along').after(find('whole'));
  else find('along').before(find('whole'));
}

// In how many windows each emotion was predicted, the most frequent first.
function inWords(rows) {
  const heard = rows.filter(({ values }) => values);
  const sure = heard.filter(({ values }) => !unsure(values));
  const counts = about.classes
    .map(({ name }, n) => ({ name, times: sure.filter(({ values }) => best(values) === n).length }))
    .filter(({ times }) => times)
    .sort((one, other) => other.times - one.times)
    .map(({ name, times }) => `${name} in ${times}`);
  const rest = [['uncertain', heard.length - sure.length], ['silent', rows.length - heard.length]];
  const parts = [...counts, ...rest.filter(([, times]) => times).map(([word, times]) => `${times} ${word}`)];
  return `Of ${rows.length} windows: ${parts.join(', ')}.`;
}

// Columns beyond the edge are easily missed: many systems show no scroll bar.
function hint() {
  const { scrollWidth, clientWidth } = find('scroll');
  find('more').hidden = scrollWidth <= clientWidth + 1;
}
new ResizeObserver(hint).observe(find('scroll'));

function showTimeline(rows) {
  const head = made('tr');
  const times = made('tr');
  head.append(made('th', 'predicted'));
  times.append(made('th', 'from (s)'));
  rows.forEach((row, n) => {
    const cell = made('td');
    const mark = row.values ? about.classes[best(row.values)].name : 'silent';
    const sign = made('button', row.values ? (unsure(row.values) ? '?' : mark.slice(0, 2)) : '–');
    sign.type = 'button';
    const words = row.values && unsure(row.values) ? `uncertain, rather ${mark}` : mark;
    sign.setAttribute('aria-label', `From ${row.start.toFixed(1)} s: ${words}. Play.`);
    sign.title = `${row.start.toFixed(1)} to ${row.end.toFixed(1)} s: ${words}`;
    sign.onclick = () => playFrom(row.start);
    cell.append(sign);
    head.append(cell);
    times.append(made('td', n % 2 ? '' : row.start.toFixed(0), 'time'));
  });
  const lines = about.classes.map(({ name, color }, n) => {
    const line = made('tr');
    line.append(made('th', name));
    for (const row of rows) {
      const cell = made('td');
      if (row.values) {
        cell.append(drawn(1, color, row.values[n]));
        cell.dataset.probability = row.values[n];
        cell.title = `${name} ${percent(row.values[n])}`;
      }
      line.append(cell);
    }
    return line;
  });
  find('timeline').replaceChildren(head, ...lines, times);
  find('found').textContent = inWords(rows);
  find('more').textContent = `Scroll sideways to see all ${rows.length} windows, up to ${rows.at(-1).end.toFixed(0)} s →`;
  hint();
  const columns = ['start', 'end', ...about.classes.map(({ name }) => `p_${name}`), 'answer', 'uncertain'];
  const table = rows.map(({ start, end, values }) => [
    start.toFixed(3), end.toFixed(3), ...(values ?? about.classes.map(() => '')),
    values ? about.classes[best(values)].name : '', values ? unsure(values) : '',
  ].join(','));
  find('csv').href = URL.createObjectURL(new Blob([[columns.join(','), ...table, ''].join('\n')]));
}

function playFrom(start) {
  const player = find('player');
  player.currentTime = start;
  player.play();
}

// ---- from a sound to its answer ---------------------------------------------------------------

let current = 0; // number of the sound that is shown: what an earlier one still computes is dropped

function refuse(samples) {
  const seconds = samples.length / about.sample_rate;
  const peak = peakOf(samples);
  if (seconds < about.shortest) throw new Error(`The sound is ${seconds.toFixed(2)} s long, too short to classify. Record a whole sentence.`);
  if (peak < about.quietest) throw new Error('The sound is silent: it stays below -60 dB of full scale. Check the microphone, and record again.');
  if (peak > about.loud) throw new Error('The samples are not scaled to ±1. Export the sound again as 16-bit or 24-bit PCM.');
}

async function classify({ samples, rate }, name, source) {
  current += 1;
  const own = current;
  find('answer').hidden = true;
  say('Computing …');
  const sound = await ask('resample', { samples, from: rate, to: about.sample_rate });
  if (!sound.every(Number.isFinite)) throw new Error('There are values in the sound that are no numbers.');
  refuse(sound);
  const seconds = sound.length / about.sample_rate;
  if (seconds > about.most) throw new Error(`The sound is longer than ${about.most} s. Cut it.`);
  find('player').hidden = false;
  find('player').src = URL.createObjectURL(source);
  find('heard').textContent = `${name}, ${seconds.toFixed(1)} s`;
  find('along').hidden = seconds <= about.window;
  find('along').open = false;
  place(seconds);
  const whole = seconds <= about.longest;
  if (whole) showAnswer(await predict(sound), seconds > about.long ? 'Over the whole recording: ' : '');
  else {
    find('of-all').hidden = true;
    find('verdict').textContent = `The model takes up to ${about.longest} s at once: see the timeline.`;
    find('bars').replaceChildren();
  }
  if (own !== current) return;
  find('answer').hidden = false;
  say('');
  const along = find('along');
  along.ontoggle = () => { if (along.open && own === current) follow(sound, own).catch(complain); };
  along.open = seconds > about.long || !whole;
}

async function follow(sound, own) {
  find('along').ontoggle = null;
  find('timeline').replaceChildren();
  find('found').textContent = '';
  find('more').hidden = true;
  find('csv').hidden = true;
  const rows = [];
  const begins = starts(sound.length / about.sample_rate, about);
  for (const start of begins) {
    const first = Math.round(start * about.sample_rate);
    const part = sound.slice(first, first + Math.round(about.window * about.sample_rate));
    const silent = peakOf(part) < about.quietest;
    const values = silent ? null : await predict(part);
    if (own !== current) return;
    rows.push({ start, end: start + part.length / about.sample_rate, values });
    say(`Timeline: ${rows.length} of ${begins.length} windows`);
  }
  showTimeline(rows);
  find('csv').hidden = false;
  say('');
}

async function take(work) {
  find('problem').hidden = true;
  busy(true);
  try {
    await work();
  } catch (error) {
    complain(error);
  } finally {
    busy(false);
  }
}

function takeFile(file) {
  return take(async () => {
    if (file.size > about.bytes) throw new Error(`${file.name} has more than ${about.bytes / 2 ** 20} MB.`);
    const bytes = new Uint8Array(await file.arrayBuffer());
    let sound;
    try {
      sound = await decode(bytes);
    } catch {
      throw new Error(`${file.name}: the browser cannot read this as sound. WAV, FLAC, MP3 and Ogg are read by all.`);
    }
    await classify(sound, file.name, file);
  });
}

// ---- the microphone ---------------------------------------------------------------------------

let microphone = null;

// The last samples of a recording that goes on, given as blocks.
function tail(blocks, wanted) {
  const some = [];
  let length = 0;
  for (let n = blocks.length - 1; n >= 0 && length < wanted; n -= 1) {
    some.unshift(blocks[n]);
    length += blocks[n].length;
  }
  const samples = new Float32Array(length);
  let at = 0;
  for (const block of some) { samples.set(block, at); at += block.length; }
  return samples.slice(Math.max(0, length - wanted));
}

// An answer for the last window while one speaks. Where the model takes longer than half a second,
// the next answer waits for it.
async function answerLive(mine) {
  const { parts, context: { sampleRate: rate } } = mine;
  const samples = tail(parts, Math.round(about.window * rate));
  if (mine.computing || samples.length < about.shortest * rate) return;
  mine.computing = true;
  try {
    const sound = await ask('resample', { samples, from: rate, to: about.sample_rate });
    const values = peakOf(sound) < about.quietest ? null : await predict(sound);
    if (microphone !== mine) return; // stopped meanwhile: the answer for all of it comes next
    find('player').hidden = true;
    find('along').hidden = true;
    place(0);
    find('heard').textContent = `live, the last ${(samples.length / rate).toFixed(1)} s`;
    if (values) showAnswer(values);
    else {
      find('verdict').textContent = 'Silent.';
      find('bars').replaceChildren();
    }
    mine.answers += 1;
    find('answer').dataset.live = mine.answers;
    find('answer').hidden = false;
  } finally {
    mine.computing = false;
  }
}

async function listen() {
  if (!navigator.mediaDevices) throw new Error('The browser gives the microphone to pages at http://localhost, http://127.0.0.1 or https only.');
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { channelCount: 1, ...plain } });
  } catch (error) {
    throw new Error(error.name === 'NotAllowedError'
      ? 'The microphone was not allowed. Allow it in the address bar of the browser.'
      : 'There is no microphone that can be used.');
  }
  const context = new AudioContext();
  await context.audioWorklet.addModule('recorder.js');
  const parts = [];
  const node = new AudioWorkletNode(context, 'recorder', { numberOfOutputs: 0, channelCount: 1, channelCountMode: 'explicit' });
  node.port.onmessage = ({ data }) => {
    parts.push(data);
    const seconds = (parts.length * data.length) / context.sampleRate;
    if (parts.length % 16 === 0) {
      find('clock').textContent = `${seconds.toFixed(1)} s`;
      find('level').value = 20 * Math.log10(Math.max(1e-3, ...parts.slice(-16).map(peakOf)));
    }
    if (seconds > LONGEST_RECORDING && microphone) find('record').click();
  };
  context.createMediaStreamSource(stream).connect(node);
  const mine = { stream, context, parts, computing: false, answers: 0 };
  mine.live = setInterval(() => answerLive(mine).catch(complain), 1000 * LIVE);
  microphone = mine;
  find('answer').hidden = true;
  find('record').textContent = 'Stop';
  find('record').classList.add('on');
  find('choose').disabled = true;
  find('recording').hidden = false;
}

async function stop() {
  const { stream, context, parts, live } = microphone;
  microphone = null;
  clearInterval(live);
  for (const track of stream.getTracks()) track.stop();
  await context.close();
  find('record').textContent = 'Record';
  find('record').classList.remove('on');
  find('recording').hidden = true;
  const samples = mixed([new Float32Array(await new Blob(parts).arrayBuffer())]);
  await classify({ samples, rate: context.sampleRate }, 'recording', wave(samples, context.sampleRate));
}

// ---- begin ------------------------------------------------------------------------------------

find('not-started').hidden = true;
const within = new URLSearchParams(window.location.search).get('within'); // theme of the workbench
if (within !== null) {
  document.body.classList.add('within');
  document.documentElement.dataset.theme = within === 'dark' ? 'dark' : 'light';
}
document.title = about.name;
find('name').textContent = about.name;
find('tested').textContent = about.tested;
find('file-facts').textContent = about.facts;
find('card').textContent = about.card;
find('runtime').textContent = about.runtime;
find('window').textContent = about.window;
say('Loading the model …');
find('choose').onclick = () => find('file').click();
find('file').onchange = ({ target }) => {
  const [file] = target.files;
  target.value = '';
  if (file) takeFile(file);
};
find('record').onclick = () => (microphone ? take(stop) : listen().catch(complain));
const panel = find('ask');
for (const kind of ['dragover', 'drop']) document.addEventListener(kind, (event) => event.preventDefault());
document.addEventListener('dragover', () => panel.classList.add('over'));
document.addEventListener('dragleave', () => panel.classList.remove('over'));
document.addEventListener('drop', ({ dataTransfer }) => {
  panel.classList.remove('over');
  if (dataTransfer.files.length && !find('choose').disabled && !panel.hidden) takeFile(dataTransfer.files[0]);
});
try {
  await ask('open', {}, (done, total) => {
    const of = total ? ` of ${(total / 1e6).toFixed(1)}` : '';
    say(`Loading the model: ${(done / 1e6).toFixed(1)}${of} MB`);
  });
  say('');
  panel.hidden = false;
} catch (error) {
  complain(new Error(`The model cannot be opened here: ${error.message}`));
}
