// Stands in the bundle for debug, with which acme-client logs: it looks for supports-color in foreign node_modules, and
// an evercert that runs as root must load nothing but itself.
module.exports = () => () => undefined;
