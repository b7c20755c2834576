// What the server or the network refused, as a sentence for people.

import { JanusError, MISSING_ELEMENT, NO_SUCH_ROOM, SERVER_FULL, UNAUTHORIZED } from './janus.js';
import { words } from './words.js';

const ROOM_FULL = 432;
const INVALID_ELEMENT = 430;
const NAME_TAKEN = 436;
const CORE_FULL = 490;
const NO_SECRET = [403, 405];
const NO_PLUGIN = 460;
const NOT_UNDERSTOOD = [437, 465];
const NOT_ACCEPTING = 472;

/** Why `error` happened to who wanted into the room that is called `name`. */
export function explain(error, name) {
  if (!(error instanceof JanusError)) return words('Something went wrong: {reason}', { reason: words(error.message) });
  if (isAboutPin(error)) {
    return words(error.code === MISSING_ELEMENT ? 'This room asks for a PIN.' : 'That is not the PIN of this room.');
  }
  switch (error.code) {
    case NO_SUCH_ROOM:
      return words('There is no room “{name}” on this server.', { name });
    case INVALID_ELEMENT:
      return invalid(error, name);
    case ROOM_FULL:
      return words('The room has no place for another camera or microphone. You can watch and listen.');
    case UNAUTHORIZED:
      return words('You are not on the list of this room.');
    case NAME_TAKEN:
      return words('Somebody with your number is in the room already.');
    case NO_PLUGIN:
      return words('This server has no conferences.');
    case NOT_ACCEPTING:
      return words('This server takes nobody new just now. Try again later.');
    case SERVER_FULL:
    case CORE_FULL:
      return full(error);
    case 0:
      return words('{reason} Is the server running?', { reason: sentence(words(error.message)) });
  }
  if (NO_SECRET.includes(error.code)) return words('This server lets in only who shows a secret or token.');
  if (NOT_UNDERSTOOD.includes(error.code)) return words('The server does not understand what this browser offers.');
  return words('The server refused: {reason}', { reason: sentence(error.message) });
}

export function isAboutPin(error) {
  return (error.code === MISSING_ELEMENT || error.code === UNAUTHORIZED) && /pin/i.test(error.message);
}

/** With a full stop where it has none. */
export function sentence(text) {
  if (/[.!?。！？]$/.test(text)) return text;
  return /\p{Script=Han}$/u.test(text) ? `${text}。` : `${text}.`;
}

function invalid(error, name) {
  if (/room/i.test(error.message)) return words('No room here is called “{name}”. Rooms may have numbers.', { name });
  if (/display/i.test(error.message)) return words('Your name is too long for this server.');
  return words('The server refused: {reason}', { reason: sentence(error.message) });
}

function full(error) {
  if (/about to end/.test(error.message)) return words('This server is about to end and takes nobody new.');
  if (/busy/.test(error.message)) return words('This server is too busy for more people. Try again later.');
  if (/place left/.test(error.message)) return words('This server is full. Try again when somebody has left.');
  return words('The server refused: {reason}', { reason: sentence(error.message) });
}
