// The page's life: the lobby, the call, what buttons and keys do, and what is said in the banner.
//
// `window.parlor` is there to be looked at (tests, the console); it changes nothing:
//   state         'outside', 'entering', 'joined' or 'reconnecting'
//   people        everybody else: { id, name, screen, audio, video, hand, recorded, layer }
//   view, pinned  how the stage is arranged: 'grid' or 'speaker', and who is large whatever happens
//   floor         who has the floor, or null
//   chime         the element that plays the chime of the speaker's test, or null
//   connections   { publisher, screen, subscriber }: RTCPeerConnections or null
//   figures       how good the ways are, by id, as the page shows it
//   statistics()  what is received: a promise of [{ feed, mid, kind, name, framesDecoded, totalAudioEnergy, ... }]

import * as address from './address.js';
import { Banner } from './banner.js';
import { Chat } from './chat.js';
import { Details } from './details.js';
import { DeviceLists } from './device_lists.js';
import { Devices, Meter } from './devices.js';
import { Floor } from './floor.js';
import { Invitation } from './invitation.js';
import { JanusError } from './janus.js';
import { recall, remember, seat } from './memory.js';
import { readableName } from './people.js';
import { Quality } from './quality.js';
import { explain, isAboutPin, sentence } from './refusals.js';
import { Room } from './room.js';
import { Speaker } from './speaker.js';
import { Tiles } from './tiles.js';
import { translate, words } from './words.js';

const PULSE_MS = 150;
const OBSERVE_MS = 1_000;
const LONGEST_NOTICE = 120;
const KINDS = { audio: 'microphone', video: 'camera' };

const element = (id) => document.getElementById(id);
const devices = new Devices(address.picture);
const meter = new Meter();
const tiles = new Tiles(element('stage'), element('tile'));
const banner = new Banner(element('banner'));
const chat = new Chat(element('chat'), element('chat-open'));
const details = new Details(element('details'));
const floor = new Floor();
const invitation = new Invitation(element('invitation'));
const speaker = new Speaker();
const lists = new DeviceLists(devices, speaker);
let quality = new Quality();
let figures = new Map();
/** Whose hands were up when we looked last. */
const raised = new Map();
let isRecorded = false;
let room = null;
let screen = null;

window.parlor = {
  get state() {
    return room?.state ?? 'outside';
  },
  get people() {
    const shown = ({ id, name, screen, audio, video, hand, recorded, layer }) =>
      ({ id, name, screen, audio, video, hand, recorded, layer });
    return room?.people().map(shown) ?? [];
  },
  get view() {
    return tiles.view;
  },
  get pinned() {
    return tiles.pinned;
  },
  get floor() {
    return floor.holder;
  },
  get chime() {
    return speaker.chime;
  },
  get figures() {
    return Object.fromEntries(figures);
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
  element('room').value = address.wantedRoom();
  element('join').addEventListener('submit', (event) => {
    event.preventDefault();
    enter();
  });
  for (const [kind, device] of Object.entries(KINDS)) {
    element(`lobby-${device}`).addEventListener('click', () => toggle(kind));
    element(device).addEventListener('click', () => toggle(kind));
  }
  element('screen').addEventListener('click', toggleScreen);
  element('leave').addEventListener('click', () => room?.leave());
  element('invite').addEventListener('click', () => invitation.show(element('room').value.trim()));
  element('settings-open').addEventListener('click', () => element('settings').showModal());
  element('view').addEventListener('click', toggleView);
  element('hand').addEventListener('click', toggleHand);
  element('screen').hidden = !navigator.mediaDevices?.getDisplayMedia;
  document.addEventListener('keydown', onKey);
  document.addEventListener('pointerdown', () => meter.wake());
  addEventListener('hashchange', () => {
    if (!room) element('room').value = address.wantedRoom();
  });
  devices.onchange = onDevices;
  tiles.onsilenced = offerSound;
  tiles.onplayer = (player, isThere) => (isThere ? speaker.take(player) : speaker.release(player));
  tiles.onbounds = (bounds) => room?.bound(bounds);
  tiles.ondetails = openDetails;
  details.onchoose = (id, layer) => tiles.choose(id, layer);
  chat.ontoggle = (open) => open && !banner.isTaken && banner.say('');
  chat.onwriting = () => room?.prepareToWrite();
  chat.onsend = write;
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
  room = new Room({ server: address.server, room: address.roomId(wanted), name, pin, codec: address.codec });
  room.onstate = onState;
  room.onpeople = showPeople;
  room.onnotice = notice;
  room.onscreen = onScreen;
  room.onspectrum = (id, bands) => tiles.listen(id, bands);
  room.onmessage = read;
  room.onfloor = (id) => {
    floor.tell(id);
    tiles.setFloor(floor.holder);
  };
  room.onrecording = showRecording;
  room.onslowlink = () => quality.slow(performance.now());
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
    banner.say('');
  } else if (state === 'reconnecting') {
    banner.say(words('{reason} Coming back…', { reason: sentence(words(detail)) }), 'trouble');
  } else {
    const wanted = element('room').value;
    room = null;
    screen = null;
    quality = new Quality();
    figures = new Map();
    floor.forget();
    chat.clear();
    showRecording({ own: false, anybody: false });
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
  address.show(name);
  focusGently('microphone');
  showPeople();
}

function showLobby() {
  for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
  element('call').hidden = true;
  element('lobby').hidden = false;
  document.title = 'Parlor';
  tiles.show([]);
  banner.say('');
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
  showHand();
  tellHands(others);
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
    hand: room.hand,
    recorded: isRecorded,
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
  lists.fill();
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
  else if (!room) return;
  else if (key === 's') toggleScreen();
  else if (key === 'h') toggleHand();
  else if (key === 'g') toggleView();
  else if (key === 'c') {
    // Or the letter stands in the line at once.
    event.preventDefault();
    chat.open(!chat.isOpen);
  }
}

function toggleView() {
  const view = tiles.view === 'grid' ? 'speaker' : 'grid';
  tiles.setView(view);
  element('view').setAttribute('aria-pressed', view === 'speaker');
}

async function toggleHand() {
  try {
    await room?.raiseHand(!room.hand);
  } catch (error) {
    notice(error);
  }
}

function showHand() {
  element('hand').setAttribute('aria-pressed', Boolean(room.hand));
  element('hand').setAttribute('aria-label', words(room.hand ? 'Take your hand down' : 'Raise your hand'));
}

/** Says who raised a hand since the last time. */
function tellHands(others) {
  for (const { id, name, hand } of others) {
    if (hand && hand !== raised.get(id) && !banner.isTaken) banner.notice(words('{name} raises a hand.', { name }));
    raised.set(id, hand);
  }
}

function showRecording({ own, anybody }) {
  const text = anybody ? words(own ? 'You are recorded' : 'Recording') : '';
  if (element('recording').textContent !== text) element('recording').textContent = text;
  isRecorded = own;
}

async function write(text) {
  try {
    await room.write(text);
  } catch (error) {
    throw error instanceof JanusError ? new Error(explain(error, element('room').value)) : error;
  }
}

/** Somebody wrote, or the page has to say something in the chat. */
function read(message) {
  if (typeof message === 'string') {
    chat.add({ text: words(message) });
    return;
  }
  chat.add(message);
  if (!chat.isOpen && !banner.isTaken) banner.notice(words('{name}: {text}', { ...message, text: cut(message.text) }));
}

function cut(text) {
  return text.length > LONGEST_NOTICE ? `${[...text].slice(0, LONGEST_NOTICE).join('')}…` : text;
}

function openDetails(id) {
  const person = tiles.person(id);
  if (!person) return;
  details.open(person, tiles.choice(id));
  details.show(person, figures.get(id));
}

function pulse() {
  const level = devices.on.audio ? meter.level : 0;
  if (room) {
    if (floor.pulse(tiles.pulse(level), performance.now())) tiles.setFloor(floor.holder);
  } else element('meter').value = Math.min(1, Math.sqrt(level) * 1.6);
}

async function observe() {
  const current = room;
  const [received, sent] = await Promise.all([current?.statistics(), current?.ownStatistics()]).catch(() => []);
  if (!received || current !== room) return;
  tiles.observe(received);
  const now = performance.now();
  figures = quality.received(now, received);
  const own = quality.sent(now, sent);
  if (own) figures.set('own', own);
  for (const person of [...current.people(), ownTile()]) {
    const known = figures.get(person.id);
    // What our network does not carry at all has no loss.
    if (known && person.active === false) known.bars = 1;
    tiles.rate(person.id, known?.bars ?? 0);
  }
  if (details.id === null) return;
  const person = tiles.person(details.id);
  if (person) details.show(person, figures.get(details.id));
  else details.close();
}

function offerSound() {
  const button = document.createElement('button');
  button.type = 'button';
  button.textContent = words('Turn the sound on');
  button.addEventListener('click', () => {
    tiles.resume();
    banner.say('');
  });
  banner.say(words('The browser keeps this page silent until you press something.'), 'notice', button);
}

/** Something to know that asks for nothing. */
function notice(what) {
  banner.notice(what instanceof Error ? explain(what, element('room').value) : words(what));
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

function setBusy(busy) {
  element('enter').disabled = busy;
  element('enter').textContent = words(busy ? 'Joining…' : 'Join');
}
