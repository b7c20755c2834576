// Where the media of a room's people are sent beside the room, and the end of that.

/**
 * Shows the forwarders of `room`, with `names` of its publishers by id. `api` is asked; `act` does what is clicked and
 * says what came of it.
 */
export async function showForwarding(room, names, api, act) {
  const dialog = document.getElementById('dialog');
  const form = dialog.querySelector('form');
  const title = document.createElement('strong');
  title.textContent = `Forwarding from room ${room}`;
  const list = document.createElement('ul');
  list.className = 'forwarders';
  const close = document.createElement('button');
  close.textContent = 'Done';
  const footer = document.createElement('footer');
  footer.append(close);
  form.replaceChildren(title, list, footer);
  const fill = async () => list.replaceChildren(...(await rows(room, names, api, act, fill)));
  await fill();
  dialog.showModal();
}

async function rows(room, names, api, act, fill) {
  const { publishers = [] } = await api.room({ request: 'listforwarders', room });
  const all = publishers.flatMap(({ publisher_id, forwarders }) => forwarders.map((one) => ({ publisher_id, ...one })));
  if (!all.length) return [item('Nothing is forwarded.')];
  return all.map(({ publisher_id, stream_id, type, host, port, srtp }) => {
    const who = names.get(publisher_id) ?? publisher_id;
    const row = item(`${type} of ${who} to ${host}:${port}${srtp ? ', encrypted' : ''}`);
    const stop = document.createElement('button');
    stop.type = 'button';
    stop.className = 'danger';
    stop.textContent = 'Stop';
    stop.addEventListener('click', async () => {
      await act(() => api.room({ request: 'stop_rtp_forward', room, publisher_id, stream_id }));
      await fill();
    });
    row.append(stop);
    return row;
  });
}

function item(text) {
  const element = document.createElement('li');
  const words = document.createElement('span');
  words.textContent = text;
  element.append(words);
  return element;
}
