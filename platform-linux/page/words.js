// What the page says, in the language of whoever reads it. English stands where it is used and is the key; a language is
// a table from it (chinese.js). Settings: ?lang=en|zh; otherwise the browser's first language.

import { CHINESE } from './chinese.js';

const ATTRIBUTES = ['alt', 'aria-label', 'placeholder', 'title'];

const asked = new URLSearchParams(location.search).get('lang') ?? navigator.language ?? 'en';
const isChinese = asked.toLowerCase().startsWith('zh');
const table = new Map(isChinese ? Object.entries(CHINESE) : []);

/** `english` in the reader's language, with `{name}` replaced by what `values` says. */
export function words(english, values = {}) {
  const text = table.get(english) ?? english;
  return text.replace(/\{(\w+)\}/g, (mark, name) => values[name] ?? mark);
}

/** Puts everything below `root` that stands in English there into the reader's language. */
export function translate(root) {
  document.documentElement.lang = isChinese ? 'zh-Hans' : 'en';
  if (!table.size) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.nodeType === Node.TEXT_NODE) {
      const english = node.data.trim();
      if (table.has(english)) node.data = node.data.replace(english, table.get(english));
      continue;
    }
    if (node instanceof HTMLTemplateElement) translate(node.content);
    for (const name of ATTRIBUTES) {
      const english = node.getAttribute(name);
      if (table.has(english)) node.setAttribute(name, table.get(english));
    }
  }
}
