// Packets of a PeerConnection in a file on the server: the beginning of that, its end, and where the file is.

import { choose } from './dialog.js';

const WHERE =
  'RTP headers and RTCP go, decrypted, into a pcap file on the server until you stop it, or until it is as long or as big ' +
  'as [capture] of its configuration allows.';

/** Begins a capture of what `who` sends or gets. `api` is asked; `act` does it and says what came of it. */
export async function startCapture(person, who, api, act) {
  const fields = [{ name: 'whole', label: 'Whole packets: sound and pictures, too', kind: 'flag' }];
  const given = await choose(`Capture ${flow(person, who)}?`, fields, 'Capture', WHERE);
  if (!given) return;
  act(async () => {
    await api.handle(person, { janus: 'start_pcap', headers: !given.whole });
    return `A capture of ${flow(person, who)} began.`;
  });
}

/** Ends it. */
export function stopCapture(person, who, api, act) {
  act(async () => {
    await api.handle(person, { janus: 'stop_pcap' });
    return `The capture of ${flow(person, who)} is in ${person.capture} on the server.`;
  });
}

/** A line that says which file grows. */
export function captureLine(person, who) {
  const line = document.createElement('p');
  line.className = 'capture';
  const file = document.createElement('code');
  file.textContent = person.capture;
  line.append(`A capture of ${flow(person, who)} runs: `, file, ' on the server.');
  return line;
}

const flow = (person, who) => (person.role === 'publisher' ? `what ${who} sends` : `what ${who} gets`);
