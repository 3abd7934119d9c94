// An edge node with sparkplug-client (npm): births on connect and on request, data when told on standard input.
const sparkplug = require("sparkplug-client");
const readline = require("readline");

const [port, groupId, edgeNode, device] = process.argv.slice(2);
const node = sparkplug.newClient({
  serverUrl: `mqtt://127.0.0.1:${port}`,
  username: "", password: "", groupId, edgeNode, clientId: `edge-${edgeNode}`, version: "spBv1.0", keepalive: 5,
});
const held = { "Mill/Power": { type: "Double", value: 3.5 }, Count: { type: "Int32", value: -7 }, State: { type: "String", value: "running" } };

function metrics(names, time) {
  return names.map((name) => ({ name, type: held[name].type, value: held[name].value, timestamp: time || Date.now() }));
}

function births() {
  node.publishNodeBirth({
    timestamp: Date.now(),
    metrics: [{ name: "Node Control/Rebirth", type: "Boolean", value: false }, { name: "Uptime", type: "UInt64", value: 12 }],
  });
  node.publishDeviceBirth(device, { timestamp: Date.now(), metrics: metrics(Object.keys(held)) });
  console.log("birth");
}

node.on("connect", () => console.log("connected"));
node.on("birth", births);
node.on("ncmd", (payload) => {
  if ((payload.metrics || []).some((m) => m.name === "Node Control/Rebirth" && m.value === true)) {
    console.log("rebirth");
    births();
  }
});
node.on("error", (error) => console.log(`error ${error.message}`));

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const order = JSON.parse(line);
  if (order.set) {
    for (const [name, value] of Object.entries(order.set)) held[name].value = value;
    node.publishDeviceData(device, { timestamp: Date.now(), metrics: metrics(Object.keys(order.set), order.time) }, order.options);
  }
  if (order.stop) node.stop();
});
