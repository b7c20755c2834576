// The page's life: the lobby, the call, what buttons and keys do, and what is said in the banner.
//
// Settings in the address: ?room=NAME (or #NAME), ?server=ws://HOST:PORT, ?codec=vp8|vp9|h264|av1,
// ?video=WIDTHxHEIGHT@FPS, ?lang=en|zh.
//
// `window.parlor` is there to be looked at (tests, the console); it changes nothing:
//   state         'outside', 'entering', 'joined' or 'reconnecting'
//   people        everybody else: { id, name, screen, audio, video }
//   connections   { publisher, screen, subscriber }: RTCPeerConnections or null
//   statistics()  what is received: a promise of [{ feed, mid, kind, name, framesDecoded, totalAudioEnergy, ... }]

import { JanusError } from './janus.js';
import { Devices, Meter, recall, remember } from './devices.js';
import { MISSING_ELEMENT, NO_SUCH_ROOM, ROOM_FULL, Room, UNAUTHORIZED, readableName } from './room.js';
import { Tiles } from './tiles.js';
import { translate, words } from './words.js';

const DEFAULT_ROOM = '1234';
const DEFAULT_PICTURE = { width: 1280, height: 720, frameRate: 30 };
const PULSE_MS = 150;
const OBSERVE_MS = 1_000;
const NOTICE_MS = 7_000;
const KINDS = { audio: 'microphone', video: 'camera' };

const element = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const devices = new Devices(pictureOf(query.get('video')));
const meter = new Meter();
const tiles = new Tiles(element('stage'), element('tile'));
/** Where this tab sits, so that a reload finds the way back. */
const seat = {
  keep: (place) => sessionStorage.setItem('parlor.seat', JSON.stringify(place)),
  recall: () => JSON.parse(sessionStorage.getItem('parlor.seat') ?? 'null'),
  forget: () => sessionStorage.removeItem('parlor.seat'),
};
let room = null;
let screen = null;
let noticeTimer = 0;

window.parlor = {
  get state() {
    return room?.state ?? 'outside';
  },
  get people() {
    return room?.people().map(({ id, name, screen, audio, video }) => ({ id, name, screen, audio, video })) ?? [];
  },
  get connections() {
    return room?.connections ?? { publisher: null, screen: null, subscriber: null };
  },
  statistics: async () => (room ? room.statistics() : []),
};

start();

function start() {
  translate(document.documentElement);
  element('name').value = recall('name') ?? '';
  element('room').value = wantedRoom();
  element('join').addEventListener('submit', (event) => {
    event.preventDefault();
    enter();
  });
  for (const [kind, device] of Object.entries(KINDS)) {
    element(`lobby-${device}`).addEventListener('click', () => toggle(kind));
    element(device).addEventListener('click', () => toggle(kind));
    for (const list of [element(`lobby-${device}s`), element(`${device}s`)]) {
      list.addEventListener('change', () => devices.choose(kind, list.value));
    }
  }
  element('screen').addEventListener('click', toggleScreen);
  element('leave').addEventListener('click', () => room?.leave());
  element('copy').addEventListener('click', copyLink);
  element('settings-open').addEventListener('click', () => element('settings').showModal());
  element('screen').hidden = !navigator.mediaDevices?.getDisplayMedia;
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointerdown', () => meter.wake());
  addEventListener('hashchange', () => {
    if (!room) element('room').value = wantedRoom();
  });
  devices.onchange = onDevices;
  tiles.onsilenced = offerSound;
  setInterval(pulse, PULSE_MS);
  setInterval(observe, OBSERVE_MS);
  onDevices();
  wake();
}

/** A reloaded tab goes back to where it was; any other looks into the mirror first. */
async function wake() {
  const returning = seat.recall();
  const prepared = devices.prepare();
  if (returning && element('name').value) {
    element('room').value = returning.room;
    element('pin').value = returning.pin;
    await enter();
  } else {
    focusGently(element('name').value ? 'enter' : 'name');
  }
  await prepared;
}

async function enter() {
  if (room) return;
  const name = readableName(element('name').value);
  const wanted = element('room').value.trim();
  const pin = element('pin').value;
  remember('name', name);
  meter.wake();
  refuse('');
  setBusy(true);
  room = new Room({ server: serverAddress(), room: roomId(wanted), name, pin, codec: query.get('codec') ?? undefined });
  room.onstate = onState;
  room.onpeople = showPeople;
  room.onnotice = notice;
  room.onscreen = onScreen;
  room.onspectrum = (id, bands) => tiles.listen(id, bands);
  sendDevices();
  try {
    await room.enter();
    seat.keep({ room: wanted, pin });
  } catch (error) {
    room = null;
    refuse(explain(error, wanted), error);
  }
  setBusy(false);
}

function onState(state, detail) {
  if (state === 'joined') {
    showCall();
    say('');
  } else if (state === 'reconnecting') {
    say(words('{reason} Coming back…', { reason: sentence(words(detail)) }), 'trouble');
  } else {
    const wanted = element('room').value;
    room = null;
    screen = null;
    seat.forget();
    showLobby();
    if (detail) refuse(detail instanceof Error ? explain(detail, wanted) : words(detail), detail);
  }
  document.body.dataset.state = state === 'outside' ? 'lobby' : state;
}

function showCall() {
  if (!element('call').hidden) return;
  const name = element('room').value.trim();
  element('lobby').hidden = true;
  element('call').hidden = false;
  element('title').textContent =
    room.title && room.title !== `Room ${name}` ? room.title : words('Room {name}', { name });
  document.title = `${element('title').textContent} · Parlor`;
  const address = new URL(location);
  address.searchParams.set('room', name);
  address.hash = '';
  history.replaceState(null, '', address);
  focusGently('microphone');
  showPeople();
}

function showLobby() {
  element('settings').close();
  element('call').hidden = true;
  element('lobby').hidden = false;
  document.title = 'Parlor';
  tiles.show([]);
  say('');
  devices.prepare();
  focusGently('enter');
}

/** For those who use keys; on a phone it would only open the keyboard. */
function focusGently(id) {
  if (!matchMedia('(pointer: coarse)').matches) element(id).focus();
}

function showPeople() {
  if (!room || element('call').hidden) return;
  const others = room.people();
  const shown = [...others, ownTile()];
  if (screen) shown.push(ownScreenTile());
  tiles.show(shown);
  const count = 1 + others.filter((person) => !person.screen).length;
  element('count').textContent = countOf(count);
  element('alone').hidden = others.length > 0 || room.state !== 'joined';
}

function ownTile() {
  const { tracks, on } = devices;
  const stateOf = (kind) => (on[kind] && tracks[kind] ? 'on' : tracks.audio || tracks.video ? 'muted' : 'none');
  return {
    id: 'own',
    name: readableName(element('name').value),
    own: true,
    screen: false,
    audio: stateOf('audio'),
    video: stateOf('video'),
    tracks: { video: on.video ? tracks.video : null },
    receivers: {},
  };
}

function ownScreenTile() {
  return {
    id: 'own-screen',
    name: words('Your screen'),
    own: true,
    screen: true,
    audio: 'none',
    video: 'on',
    tracks: { video: screen },
    receivers: {},
  };
}

function onDevices() {
  sendDevices();
  for (const [kind, device] of Object.entries(KINDS)) {
    const on = devices.on[kind] && Boolean(devices.tracks[kind]);
    for (const button of [element(`lobby-${device}`), element(device)]) {
      button.setAttribute('aria-pressed', on);
      button.setAttribute('aria-label', words(`${device} ${on ? 'on' : 'off'}`));
      button.dataset.problem = devices.problems[kind] ? 'yes' : 'no';
    }
    if (kind === 'audio') label(device, on ? 'Mute' : 'Unmute');
    else label(device, on ? 'Stop' : 'Start', 'camera');
  }
  const problems = [...new Set(Object.values(devices.problems).filter(Boolean))];
  element('device-problem').textContent = problems.join(' ');
  element('device-problem').hidden = problems.length === 0;
  showMirror();
  meter.follow(devices.tracks.audio);
  showPeople();
  fillLists();
}

function countOf(people) {
  if (room.state !== 'joined') return '';
  return people === 1 ? words('Only you') : words('{count} people', { count: people });
}

/** Writes on a button; a phone leaves the second word out. */
function label(button, word, more = '') {
  const second = document.createElement('span');
  second.className = 'more';
  second.textContent = more && ` ${words(more)}`;
  element(button).querySelector('.label').replaceChildren(words(word), second);
}

function sendDevices() {
  for (const kind of Object.keys(KINDS)) {
    const track = devices.tracks[kind];
    room?.setSource(kind, track, devices.on[kind] && Boolean(track));
  }
}

function showMirror() {
  const track = devices.on.video ? devices.tracks.video : null;
  const mirror = element('mirror');
  if (track !== (mirror.srcObject?.getVideoTracks()[0] ?? null))
    mirror.srcObject = track ? new MediaStream([track]) : null;
  element('preview').dataset.video = track ? 'on' : 'off';
}

async function fillLists() {
  for (const [kind, device] of Object.entries(KINDS)) {
    const list = await devices.list(kind);
    const chosen = devices.chosen(kind);
    for (const select of [element(`lobby-${device}s`), element(`${device}s`)]) {
      const options = list.map(({ id, name }) => new Option(name, id, false, id === chosen));
      select.replaceChildren(...(options.length ? options : [new Option(words(`No ${device}`), '')]));
      select.disabled = options.length === 0;
    }
  }
}

async function toggle(kind) {
  await devices.turn(kind, !(devices.on[kind] && devices.tracks[kind]));
  if (room && devices.problems[kind]) notice(devices.problems[kind]);
}

async function toggleScreen() {
  if (!room || element('screen').hidden) return;
  if (screen) {
    room.stopScreen();
    return;
  }
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { max: 30 } }, audio: true });
    if (!room) return stream.getTracks().forEach((track) => track.stop());
    screen = stream.getVideoTracks()[0];
    await room.shareScreen(stream);
  } catch (error) {
    screen = null;
    // To close the browser's question is an answer, not a fault.
    if (error.name !== 'NotAllowedError') notice(words('The screen cannot be shared.'));
  }
}

function onScreen(on) {
  if (!on) screen = null;
  element('screen').setAttribute('aria-pressed', on);
  if (on) label('screen', 'Stop', 'sharing');
  else label('screen', 'Share', 'screen');
  showPeople();
}

function onKey(event) {
  meter.wake();
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  if (event.target.closest?.('input, select, textarea, dialog')) return;
  const key = event.key.toLowerCase();
  if (key === 'm') toggle('audio');
  else if (key === 'v') toggle('video');
  else if (key === 's' && room) toggleScreen();
}

async function copyLink() {
  const address = new URL(location.pathname, location);
  address.searchParams.set('room', element('room').value.trim());
  try {
    await navigator.clipboard.writeText(address.href);
    notice(words('The link is copied.'));
  } catch {
    notice(address.href);
  }
}

function pulse() {
  const level = devices.on.audio ? meter.level : 0;
  if (room) tiles.pulse(level);
  else element('meter').value = Math.min(1, Math.sqrt(level) * 1.6);
}

async function observe() {
  const current = room;
  const statistics = await current?.statistics().catch(() => null);
  if (statistics && current === room) tiles.observe(statistics);
}

function offerSound() {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = words('Turn the sound on');
  button.addEventListener('click', () => {
    tiles.resume();
    say('');
  });
  say(words('The browser keeps this page silent until you press something.'), 'notice', button);
}

/** Something to know that asks for nothing. */
function notice(what) {
  const text = what instanceof Error ? explain(what, element('room').value) : words(what);
  say(text, 'notice');
  noticeTimer = setTimeout(() => say(''), NOTICE_MS);
}

function say(text, kind = 'notice', button = null) {
  clearTimeout(noticeTimer);
  const banner = element('banner');
  banner.hidden = !text;
  banner.dataset.kind = kind;
  banner.replaceChildren(text, ...(button ? [button] : []));
}

/** Shows why we cannot be in the room, and asks for what is missing. */
function refuse(text, error = null) {
  element('refusal').hidden = !text;
  element('refusal').textContent = text;
  if (error instanceof JanusError && isAboutPin(error)) {
    element('pin-field').hidden = false;
    element('pin').focus();
  }
}

function isAboutPin(error) {
  return (error.code === MISSING_ELEMENT || error.code === UNAUTHORIZED) && /pin/i.test(error.message);
}

function explain(error, name) {
  if (!(error instanceof JanusError)) return words('Something went wrong: {reason}', { reason: error.message });
  if (isAboutPin(error))
    return words(
      error.code === MISSING_ELEMENT ? 'This room asks for a PIN.' : 'That is not the PIN of this room.',
    );
  switch (error.code) {
    case NO_SUCH_ROOM:
      return words('There is no room “{name}” on this server.', { name });
    case ROOM_FULL:
      return words('The room has no place for another camera or microphone. You can watch and listen.');
    case UNAUTHORIZED:
      return words('You are not on the list of this room.');
    case 0:
      return words('{reason} Is the server running?', { reason: sentence(words(error.message)) });
    default:
      return words('The server refused: {reason}', { reason: sentence(error.message) });
  }
}

function sentence(text) {
  if (/[.!?。!?]$/.test(text)) return text;
  return /\p{Script=Han}$/u.test(text) ? `${text}。` : `${text}.`;
}

function setBusy(busy) {
  element('enter').disabled = busy;
  element('enter').textContent = words(busy ? 'Joining…' : 'Join');
}

function wantedRoom() {
  return query.get('room') || decodeURIComponent(location.hash.slice(1)) || DEFAULT_ROOM;
}

/** Rooms are numbers, unless the server is set to names. */
function roomId(name) {
  return /^\d{1,15}$/.test(name) ? Number(name) : name;
}

function serverAddress() {
  return query.get('server') ?? `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;
}

function pictureOf(text) {
  const [, width, height, frameRate] = /^(\d+)x(\d+)@(\d+)$/.exec(text ?? '') ?? [];
  return width ? { width: Number(width), height: Number(height), frameRate: Number(frameRate) } : DEFAULT_PICTURE;
}
