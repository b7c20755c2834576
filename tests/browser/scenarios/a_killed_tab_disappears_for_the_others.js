export default async function (world) {
  const [ada, bertrand, chiara] = await world.join('Ada', 'Bertrand', 'Chiara');
  await ada.hasMediaOf('Bertrand', 'Chiara');

  const devtools = await bertrand.context.newCDPSession(bertrand.page);
  devtools.send('Page.crash').catch(() => {});
  await ada.sees('Chiara');
  await chiara.sees('Ada');
  await ada.hasMediaOf('Chiara');
  await chiara.hasMediaOf('Ada');
}
