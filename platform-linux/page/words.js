// What the page says, in the language of whoever reads it. English stands where it is used and is the key; a language is
// a table from it. Settings: ?lang=en|zh; otherwise the browser's first language.

const CHINESE = {
  'Talk face to face, on your own network.': '在自己的网络里面对面交谈。',
  'Your camera': '您的摄像头',
  'Your camera is off': '摄像头已关闭',
  Microphone: '麦克风',
  Camera: '摄像头',
  'Loudness of your microphone': '麦克风音量',
  'Your name': '您的名字',
  'How others see you': '其他人看到的名字',
  Room: '房间',
  'Room PIN': '房间密码',
  Join: '加入',
  'Joining…': '正在加入…',
  'Copy link': '复制链接',
  'People in the room': '房间里的人',
  'You are the only one here. Send the link to the others.': '这里只有您一个人。把链接发给其他人吧。',
  Call: '通话',
  'Microphone (m)': '麦克风（m)',
  'Camera (v)': '摄像头（v)',
  'Share your screen (s)': '共享屏幕（s)',
  'Settings and keys': '设置和按键',
  Settings: '设置',
  'Leave the room': '离开房间',
  Leave: '离开',
  Keys: '按键',
  'microphone on or off': '打开或关闭麦克风',
  'camera on or off': '打开或关闭摄像头',
  'share your screen, or stop': '开始或停止共享屏幕',
  'close this window': '关闭此窗口',
  Done: '完成',
  'Microphone off': '麦克风已关闭',
  'Parlor needs JavaScript.': 'Parlor 需要 JavaScript。',
  Share: '共享',
  screen: '屏幕',
  Stop: '停止',
  sharing: '共享',
  Start: '打开',
  camera: '摄像头',
  microphone: '麦克风',
  Mute: '静音',
  Unmute: '取消静音',
  'microphone on': '麦克风已打开',
  'microphone off': '麦克风已关闭',
  'camera on': '摄像头已打开',
  'camera off': '摄像头已关闭',
  'No microphone': '没有麦克风',
  'No camera': '没有摄像头',
  'Room {name}': '房间 {name}',
  'Only you': '只有您',
  '{count} people': '{count} 人',
  'Your screen': '您的屏幕',
  'Screen of {name}': '{name} 的屏幕',
  '{name} (you)': '{name}（您）',
  '{name}, you': '{name}，您',
  Listening: '正在听',
  'You are listening': '您正在听',
  listening: '正在听',
  'Your network is too slow for this picture': '您的网络太慢，无法显示此画面',
  'picture paused, the network is too slow': '画面已暂停，网络太慢',
  'The screen cannot be shared.': '无法共享屏幕。',
  'The link is copied.': '链接已复制。',
  'Turn the sound on': '打开声音',
  'The browser keeps this page silent until you press something.': '浏览器要等您点按一下才会播放声音。',
  '{reason} Coming back…': '{reason}正在重新连接…',
  'Something went wrong: {reason}': '出错了：{reason}',
  'This room asks for a PIN.': '此房间需要密码。',
  'That is not the PIN of this room.': '房间密码不正确。',
  'There is no room “{name}” on this server.': '此服务器上没有房间“{name}”。',
  'The room has no place for another camera or microphone. You can watch and listen.':
    '房间已没有空位接入更多摄像头或麦克风。您可以观看和收听。',
  'You are not on the list of this room.': '您不在此房间的名单上。',
  '{reason} Is the server running?': '{reason}服务器在运行吗？',
  'The server refused: {reason}': '服务器拒绝了请求：{reason}',
  'This page was not opened over a secure address, so the browser keeps your camera and microphone from it.':
    '此页面不是通过安全地址打开的，所以浏览器不允许它使用摄像头和麦克风。',
  'Use https, or localhost on this machine. You can join and listen.':
    '请使用 https，或在本机上使用 localhost。您仍然可以加入并收听。',
  'The {device} was disconnected.': '{device}已断开。',
  'The browser does not let this page use the {device}. Allow it beside the address, or join without.':
    '浏览器不允许此页面使用{device}。请在地址栏旁允许，或不使用它直接加入。',
  'No {device} was found. You can still join.': '没有找到{device}。您仍然可以加入。',
  'The {device} is in use by another program.': '{device}正被其他程序使用。',
  'The {device} cannot be used ({reason}).': '无法使用{device}({reason})。',
  'The room was closed.': '房间已关闭。',
  'You were removed from the room.': '您已被移出房间。',
  'A moderator has muted you.': '主持人已将您静音。',
  'A moderator lets you speak again.': '主持人允许您再次发言。',
  'The media path from the server failed': '来自服务器的媒体通路中断',
  'The media path to the server failed': '通往服务器的媒体通路中断',
  'The connection is closed': '连接已关闭',
  'The server did not answer in time': '服务器没有及时回应',
  'The server cannot be reached': '无法连接服务器',
  'The connection to the server was lost': '与服务器的连接已断开',
  'The server ended the session': '服务器结束了会话',
};

const ATTRIBUTES = ['aria-label', 'placeholder', 'title'];

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
