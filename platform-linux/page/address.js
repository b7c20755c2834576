// What the page's address asks for: ?room=NAME (or #NAME), ?server=ws://HOST:PORT, ?codec=vp8|vp9|h264|av1,
// ?video=WIDTHxHEIGHT@FPS. (?lang=en|zh is read in words.js.)

const DEFAULT_ROOM = '1234';
const DEFAULT_PICTURE = { width: 1280, height: 720, frameRate: 30 };

const query = new URLSearchParams(location.search);

export const codec = query.get('codec') ?? undefined;
export const picture = pictureOf(query.get('video'));
export const server = query.get('server') ?? `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/`;

export function wantedRoom() {
  return query.get('room') || decodeURIComponent(location.hash.slice(1)) || DEFAULT_ROOM;
}

/** Rooms are numbers, unless the server is set to names. */
export function roomId(name) {
  return /^\d{1,15}$/.test(name) ? Number(name) : name;
}

/** The address that leads into `room` from now on. */
export function show(room) {
  const address = new URL(location);
  address.searchParams.set('room', room);
  address.hash = '';
  history.replaceState(null, '', address);
}

function pictureOf(text) {
  const [, width, height, frameRate] = /^(\d+)x(\d+)@(\d+)$/.exec(text ?? '') ?? [];
  return width ? { width: Number(width), height: Number(height), frameRate: Number(frameRate) } : DEFAULT_PICTURE;
}
