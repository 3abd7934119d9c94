// An OPC UA server of other people's making (node-opcua), told what to do by lines of JSON on its standard input.
// Settings first: {port, tags, history, certificate, key, pki, policies, users, anonymous}; then one answer a command.
"use strict";
console.log = console.warn = (...said) => console.error(...said); // answers alone go to the standard output
const opcua = require("node-opcua");
const readline = require("readline");

const NAMESPACE = "http://ferrolan.test/bf1";
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");

async function serve(settings) {
    const manager = new opcua.OPCUACertificateManager({ rootFolder: settings.pki, automaticallyAcceptUnknownCertificate: true });
    await manager.initialize();
    const server = new opcua.OPCUAServer({
        port: settings.port, hostname: "127.0.0.1", host: "127.0.0.1",
        certificateFile: settings.certificate, privateKeyFile: settings.key,
        serverCertificateManager: manager, userCertificateManager: manager,
        securityPolicies: settings.policies.map((name) => opcua.SecurityPolicy[name]),
        securityModes: settings.modes.map((name) => opcua.MessageSecurityMode[name]),
        allowAnonymous: settings.anonymous,
        userManager: { isValidUser: (user, password) => settings.users[user] === password },
        serverInfo: { applicationUri: "urn:ferrolan.test:server" },
        serverCapabilities: { operationLimits: settings.limits },
        buildInfo: { productName: "ferrolan-test" },
    });
    await server.initialize();
    const requests = {};
    server.on("request", (request) => {
        const name = request.schema.name;
        requests[name] = (requests[name] || 0) + 1;
    });
    const space = server.engine.addressSpace;
    const own = space.registerNamespace(NAMESPACE);
    const folder = own.addFolder("ObjectsFolder", { browseName: "BF1" });
    const nodes = [];
    for (let number = 0; number < settings.tags; number++) {
        const node = own.addVariable({
            organizedBy: folder, browseName: "T" + number, nodeId: "s=T" + number, dataType: "Double",
            value: { dataType: opcua.DataType.Double, value: 0 },
        });
        if (settings.history) {
            space.installHistoricalDataNode(node, { maxOnlineValues: 20000 });
        }
        node.setValueFromSource({ dataType: opcua.DataType.Double, value: 0 });
        nodes.push(node);
    }
    const analog = own.addAnalogDataItem({
        organizedBy: folder, browseName: "HotMetal", nodeId: "s=HotMetal", dataType: "Double", description: "Hot metal",
        engineeringUnitsRange: { low: 0, high: 1700 }, engineeringUnits: opcua.standardUnits.degree_celsius,
        value: { dataType: opcua.DataType.Double, value: 1480 },
    });
    const written = [];
    let counter = 0;
    let timer = null;
    const write = (node, value, status) => node.setValueFromSource(
        { dataType: opcua.DataType.Double, value }, opcua.coerceStatusCode(status || 0), new Date());
    const tick = (each) => {
        for (let number = 0; number < each; number++) write(nodes[number], counter, 0);
        written.push(counter);
        counter += 1;
    };
    await server.start();
    const commands = {
        write: (rows) => { for (const [number, value, status] of rows) write(nodes[number], value, status); return rows.length; },
        tick: ({ period, each }) => { timer = setInterval(() => tick(each), period * 1000); return true; },
        still: () => { clearInterval(timer); return written.length; },
        requests: () => requests,
        cpu: () => { const used = process.cpuUsage(); return (used.user + used.system) / 1e6; },
    };
    say({ ready: true, analog: analog.nodeId.toString() });
    return commands;
}

async function main() {
    let commands = null;
    for await (const line of readline.createInterface({ input: process.stdin })) {
        const command = JSON.parse(line);
        if (!commands) commands = await serve(command.settings);
        else { const [name] = Object.keys(command); say(commands[name](command[name])); }
    }
    process.exit(0);
}
main().catch((error) => { process.stderr.write(String(error && error.stack) + "\n"); process.exit(1); });
