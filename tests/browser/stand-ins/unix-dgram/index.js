exports.createSocket = () => {
  throw new Error('Unix sockets are not part of these scenarios');
};
