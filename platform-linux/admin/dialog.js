// A question with some fields.

/** What was given, or nothing if it was called off. Empty texts and numbers are left out. */
export function choose(title, fields, agree, words) {
  const dialog = document.getElementById('dialog');
  const form = dialog.querySelector('form');
  const heading = document.createElement('strong');
  heading.textContent = title;
  const sentence = document.createElement('p');
  sentence.textContent = words ?? '';
  sentence.hidden = !words;
  const inputs = fields.map((field) => {
    const input = document.createElement('input');
    input.name = field.name;
    input.type = field.kind === 'flag' ? 'checkbox' : field.kind === 'number' ? 'number' : 'text';
    if (field.kind === 'flag') input.checked = field.value ?? false;
    else input.value = field.value ?? '';
    if (field.kind === 'number') input.min = 0;
    return input;
  });
  const labels = inputs.map((input, index) => {
    const label = document.createElement('label');
    if (input.type === 'checkbox') {
      label.className = 'flag';
      label.append(input, fields[index].label);
    } else {
      label.append(fields[index].label, input);
    }
    return label;
  });
  const footer = document.createElement('footer');
  for (const [value, text] of [['no', 'Cancel'], ['yes', agree]]) {
    const button = document.createElement('button');
    [button.value, button.textContent] = [value, text];
    if (value === 'no') button.formNoValidate = true;
    footer.append(button);
  }
  form.replaceChildren(heading, sentence, ...labels, footer);
  // Enter agrees: the first button of a form is the one that it presses.
  footer.append(footer.firstChild);
  dialog.returnValue = '';
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => resolve(dialog.returnValue === 'yes' ? values(inputs) : undefined), { once: true });
  });
}

function values(inputs) {
  const given = {};
  for (const input of inputs) {
    if (input.type === 'checkbox') given[input.name] = input.checked;
    else if (input.value !== '') given[input.name] = input.type === 'number' ? Number(input.value) : input.value;
  }
  return given;
}
