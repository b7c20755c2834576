// The administrators' page: asks every two seconds how the server is, shows it, and does what is clicked. Whatever a
// client wrote is shown as text, never as HTML.

import { Api, Refused } from './api.js';
import { History } from './plots.js';
import { choose } from './dialog.js';
import { showForwarding } from './forwarding.js';
import { captureLine, startCapture, stopCapture } from './capture.js';
import { redraw } from './redraw.js';

const PERIOD_MS = 2_000;

const byId = (id) => document.getElementById(id);
const histories = { bits: new History(), packets: new History(), busy: new History(), drops: new History() };
let api;
let before;
let draining = false;

byId('entrance').addEventListener('submit', async (event) => {
  event.preventDefault();
  api = new Api(byId('secret').value);
  try {
    await look();
  } catch (error) {
    byId('refusal').textContent = error.message;
    return;
  }
  byId('secret').value = '';
  byId('entrance').hidden = true;
  byId('board').hidden = false;
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, PERIOD_MS));
    try {
      await look();
      if (byId('message').dataset.kind === 'lost') say('');
    } catch (error) {
      say(`No answer: ${error.message}`, 'lost');
    }
  }
});

byId('reload').addEventListener('click', () =>
  act(async () => {
    const { changed, restart } = await api.ask({ janus: 'reload' });
    const list = (names) => names.join(', ') || 'nothing';
    return `Changed: ${list(changed)}. After a restart: ${list(restart)}.`;
  }),
);

byId('drain').addEventListener('click', async () => {
  const sure = draining || (await choose('Drain the server?', [], 'Drain', 'Nobody new comes, and it ends when the last one left.'));
  if (sure) act(() => api.ask({ janus: 'drain', drain: !draining }));
});

byId('level').addEventListener('change', () => act(() => api.ask({ janus: 'set_log_level', level: Number(byId('level').value) })));

byId('new-room').addEventListener('click', async () => {
  const fields = [
    { name: 'room', label: 'Number (empty: any)', kind: 'number' },
    { name: 'description', label: 'Description' },
    { name: 'publishers', label: 'Most publishers', kind: 'number', value: 6 },
    { name: 'pin', label: 'PIN (empty: none)' },
    { name: 'record', label: 'Record everybody', kind: 'flag' },
    { name: 'permanent', label: 'Keep it after a restart', kind: 'flag' },
  ];
  const given = await choose('New room', fields, 'Create');
  if (given) act(async () => `Room ${(await api.room({ request: 'create', ...given })).room} was made.`);
});

async function look() {
  const [{ status }, rooms, people] = await Promise.all([
    api.ask({ janus: 'server_status' }),
    api.list('room_status', 'rooms'),
    api.list('people_status', 'people'),
  ]);
  const now = performance.now();
  showServer(status, rooms, now);
  // Under a dialog nothing moves, so that whoever closes it is where it was opened.
  if (!byId('dialog').open) {
    redraw(byId('rooms'), rooms.map((room) => roomCard(room, people.filter((person) => person.room === room.room))));
  }
  showTables(status);
  showDrops(status);
  before = { at: now, status };
}

function showServer(status, rooms, now) {
  draining = status.draining;
  byId('drain').textContent = draining ? 'Take people again' : 'Drain';
  if (document.activeElement !== byId('level')) byId('level').value = String(Math.max(2, status.log_level > 4 ? 7 : status.log_level));
  const people = rooms.reduce((sum, room) => sum + room.participants, 0);
  const busy = status.shards.map((shard) => shard.busy_percent);
  const shed = status.shards.some((shard) => shard.shedding !== 'nothing') ? ', sheds load' : '';
  byId('headline').textContent =
    `${status.version}, up ${duration(status.uptime_ms / 1000)}, ${rooms.length} rooms, ${people} joined${draining ? ', draining' : ''}${shed}`;
  if (!before) return;
  const seconds = (now - before.at) / 1000;
  const rate = (value) => Math.max(0, (total(status, value) - total(before.status, value)) / seconds);
  plot('bits', [rate((shard) => shard.received_bytes) * 8, rate((shard) => shard.sent_bytes) * 8], (bits) => `${amount(bits)}bit/s`);
  plot('packets', [rate((shard) => shard.received_packets), rate((shard) => shard.sent_packets)], (count) => `${amount(count)}/s`);
  plot('busy', [Math.max(...busy)], (percent) => `${percent} %`, 100);
  plot('drops', [rate((shard) => Object.values(shard.drops).reduce((sum, count) => sum + count, 0))], amount);
}

function plot(name, values, words, most) {
  histories[name].add(performance.now(), values);
  histories[name].draw(byId(`plot-${name}`), most);
  const labels = values.length > 1 ? ['in ', 'out '] : [''];
  const legend = document.querySelector(`[data-legend=${name}]`);
  legend.replaceChildren(...values.flatMap((value, index) => [element('b', `${labels[index]}${words(value)}`), ' ']));
}

const total = (status, value) => status.shards.reduce((sum, shard) => sum + value(shard), 0);

function roomCard(room, people) {
  const card = element('article');
  card.className = 'room';
  const header = element('header');
  header.dataset.key = `room ${room.room}`;
  const counts = `${room.participants} joined, ${room.publishers} of ${room.max_publishers} publish, ${room.subscribers} watch`;
  const notes = [room.record && 'recorded', room.pin_required && 'with a PIN', room.is_private && 'private'].filter(Boolean);
  header.append(
    element('strong', `${room.room} ${room.description}`),
    element('span', [people.length ? counts : 'nobody', ...notes].join(', ')),
    button('Edit', () => editRoom(room)),
    button('Lock', () => lockRoom(room)),
    button(room.record ? 'Stop recording' : 'Record', () =>
      act(() => api.room({ request: 'enable_recording', room: room.room, record: !room.record }))),
    button('Forwarding', () =>
      act(async () => {
        await showForwarding(room.room, namesOf(people), api, act);
        return '';
      })),
    button('Destroy', () => destroyRoom(room), 'danger'),
  );
  card.append(header);
  if (people.length) card.append(peopleTable(room, people));
  const captured = people.filter((person) => person.capture !== undefined);
  card.append(...captured.map((person) => captureLine(person, nameOf(person, people))));
  return card;
}

async function editRoom(room) {
  const fields = [
    { name: 'new_description', label: 'Description', value: room.description },
    { name: 'new_publishers', label: 'Most publishers', kind: 'number', value: room.max_publishers },
    { name: 'new_bitrate', label: 'Bits a second that each may send (0: any)', kind: 'number', value: room.bitrate },
    { name: 'new_is_private', label: 'Not in lists', kind: 'flag', value: room.is_private },
  ];
  const given = await choose(`Room ${room.room}`, fields, 'Change');
  if (given) act(() => api.room({ request: 'edit', room: room.room, ...given }));
}

async function lockRoom(room) {
  const given = await choose(`Lock room ${room.room}`, [{ name: 'new_pin', label: 'PIN that joining needs from now on' }], 'Lock');
  if (given?.new_pin) act(() => api.room({ request: 'edit', room: room.room, ...given }));
}

async function destroyRoom(room) {
  if (await choose(`Destroy room ${room.room}?`, [], 'Destroy', 'Everybody in it is sent away.')) {
    act(() => api.room({ request: 'destroy', room: room.room }));
  }
}

function namesOf(people) {
  const publishers = people.filter((person) => person.role === 'publisher');
  return new Map(publishers.map((person) => [person.id, person.display || String(person.id)]));
}

/** What somebody who watches is called: as the publisher whose private number was told. */
function nameOf(person, people) {
  const own = people.find((other) => other.role === 'publisher' && other.private_id === person.private_id);
  return own && person.private_id !== undefined ? own.display || String(own.id) : 'a viewer';
}

function peopleTable(room, people) {
  const names = namesOf(people);
  const table = element('table');
  table.append(headings(['who', '', 'codec', '#kbit/s', '#loss', '#round trip', '#jitter', 'layers', 'notes', '']));
  for (const person of people) {
    const who = nameOf(person, people);
    const lines = person.streams.length ? person.streams : [undefined];
    lines.forEach((stream, index) => table.append(streamRow(room, person, stream, index ? '' : who, names)));
  }
  const scroll = element('div');
  scroll.className = 'scroll';
  scroll.dataset.key = `people ${room.room}`;
  scroll.append(table);
  return scroll;
}

function streamRow(room, person, stream, who, names) {
  const row = element('tr');
  row.dataset.key = `${person.handle_id} ${stream?.mid}`;
  const sends = person.role === 'publisher';
  row.append(element('td', who));
  if (!stream) {
    row.append(element('td', sends ? 'sends nothing' : 'gets nothing'), ...Array.from({ length: 7 }, () => element('td')));
  } else {
    const what = sends ? `sends ${stream.kind}` : `gets ${stream.kind} of ${names.get(stream.feed) ?? stream.feed}`;
    const all = sends ? stream.packets + Math.max(0, stream.lost) : stream.packets;
    const layers = Object.entries(stream.layers ?? {}).map(([kind, layer]) => `${kind === 'temporal' ? 'rate' : 'size'} ${layer}`);
    row.append(
      element('td', what),
      element('td', stream.codec ?? ''),
      number(Math.round(stream.bitrate_bps / 1000)),
      number(all ? `${((Math.max(0, stream.lost) / all) * 100).toFixed(1)} %` : ''),
      number(stream.rtt_ms === undefined ? '' : `${stream.rtt_ms} ms`),
      number(`${stream.jitter_ms} ms`),
      element('td', layers.join(' ')),
      element('td', notes(person, stream)),
    );
  }
  const actions = element('td');
  actions.className = 'actions';
  if (sends && stream) {
    actions.append(
      button(stream.muted ? 'Unmute' : 'Mute', () =>
        act(() => api.room({ request: 'moderate', room: room.room, id: person.id, mid: stream.mid, mute: !stream.muted }))),
      button('Forward', () => forward(room, person, stream)),
    );
  }
  if (who) actions.append(captureButton(person, who));
  if (who && sends) actions.append(button('Kick', () => kick(room, person, who), 'danger'));
  row.append(actions);
  return row;
}

function captureButton(person, who) {
  const runs = person.capture !== undefined;
  return button(runs ? 'Stop capture' : 'Capture packets', () => (runs ? stopCapture : startCapture)(person, who, api, act));
}

async function forward(room, person, stream) {
  const fields = [
    { name: 'host', label: 'Address', value: '127.0.0.1' },
    { name: 'port', label: 'UDP port', kind: 'number', value: 5004 },
  ];
  const given = await choose(`Forward ${stream.kind} as RTP`, fields, 'Forward');
  if (!given) return;
  const { host, port } = given;
  // Of several sizes the best one goes; otherwise each would need an address of its own.
  const streams = [{ mid: stream.mid, host, port, simulcast: stream.simulcast ?? false }];
  const request = { request: 'rtp_forward', room: room.room, publisher_id: person.id, host, streams };
  act(async () => {
    const { forwarders } = await api.room(request);
    return `It is sent to ${host}:${port} as stream ${forwarders?.[0]?.stream_id}.`;
  });
}

async function kick(room, person, who) {
  if (await choose(`Kick ${who}?`, [], 'Kick')) act(() => api.room({ request: 'kick', room: room.room, id: person.id }));
}

function notes(person, stream) {
  const why = { request: 'less: asked for', bandwidth: `less: narrow way (${Math.round((person.way_bps ?? 0) / 1000)} kbit/s)`, load: 'less: server is busy' };
  const state = stream.muted ? 'muted' : !stream.active && 'paused';
  const parts = [!person.ready && 'not connected yet', state, stream.talking && 'talks', stream.simulcast && 'simulcast',
    stream.watchers !== undefined && `${stream.watchers} watch`, person.recorded && 'recorded', why[stream.limited_by]];
  return parts.filter(Boolean).join(', ');
}

function showTables(status) {
  const rows = status.tables.map((table) => {
    const row = element('tr');
    const bar = element('meter');
    [bar.min, bar.max, bar.value] = [0, Math.max(1, table.limit), table.used];
    [bar.high, bar.optimum] = [0.9 * Math.max(1, table.limit), 0];
    const cell = element('td');
    cell.append(bar);
    const shard = status.shards.length > 1 && table.shard !== undefined ? ` ${table.shard}` : '';
    row.append(element('td', `${table.name}${shard}`), number(table.used), number(table.limit), cell);
    return row;
  });
  byId('tables').replaceChildren(headings(['', '#used', '#limit', '']), ...rows);
}

const MEANING = {
  not_selected: 'layers that nobody was sent: usual',
  queue_full: 'limits.queued_packets is too small, or the machine too slow',
  socket_full: 'the kernel took no more',
  ingress_full: 'from another shard or box, faster than it was read: the machine is too slow',
  pool_empty: 'limits.history_packets or limits.publishers are too small',
  replay: 'received before: usual on some networks',
  no_keys: 'media before its keys: usual at a beginning',
  unknown_address: 'from nobody that is known',
  bad_tag: 'not authentic',
  malformed: 'makes no sense',
  stun_refused: 'checks of links that are gone',
  stale: 'of something that is gone, or padding of probes: usual',
  unknown_source: 'of no m-line that is known',
  too_long: 'longer than a datagram may be',
  keys_exhausted: 'keys that protected as much as they may',
};

function showDrops(status) {
  const causes = {};
  for (const shard of status.shards) {
    for (const [cause, count] of Object.entries(shard.drops)) causes[cause] = (causes[cause] ?? 0) + count;
  }
  const rows = Object.entries(causes).filter(([, count]) => count).map(([cause, count]) => {
    const row = element('tr');
    const meaning = element('td', MEANING[cause] ?? '');
    meaning.className = 'wide';
    row.append(element('td', cause), number(count), meaning);
    return row;
  });
  byId('drops').replaceChildren(...(rows.length ? [headings(['cause', '#packets', '']), ...rows] : [headings(['none'])]));
}

async function act(what) {
  try {
    const said = await what();
    say(typeof said === 'string' ? said : 'Done.');
    await look();
  } catch (error) {
    say(error instanceof Refused ? `Refused: ${error.message}` : error.message, 'bad');
  }
}

function say(words, kind = '') {
  const message = byId('message');
  message.textContent = words;
  message.dataset.kind = kind;
  message.classList.toggle('bad', kind !== '');
}

function element(name, words) {
  const made = document.createElement(name);
  if (words !== undefined) made.textContent = words;
  return made;
}

function number(words) {
  const cell = element('td', words);
  cell.className = 'number';
  return cell;
}

function headings(names) {
  const row = element('tr');
  for (const name of names) {
    const cell = element('th', name.replace('#', ''));
    if (name.startsWith('#')) cell.className = 'number';
    row.append(cell);
  }
  return row;
}

function button(words, act, kind = '') {
  const made = element('button', words);
  made.type = 'button';
  made.className = kind;
  made.addEventListener('click', act);
  return made;
}

function amount(value) {
  if (value < 1000) return `${Math.round(value)} `;
  return value < 1e6 ? `${(value / 1e3).toFixed(1)} k` : `${(value / 1e6).toFixed(1)} M`;
}

function duration(seconds) {
  const [days, hours, minutes] = [seconds / 86_400, (seconds / 3600) % 24, (seconds / 60) % 60].map(Math.floor);
  if (days) return `${days} d ${hours} h`;
  return hours ? `${hours} h ${minutes} min` : minutes ? `${minutes} min` : `${Math.floor(seconds)} s`;
}
