// Aggregates of node-opcua over samples read from standard input as JSON; the answers as JSON on standard output.
// A historian's node is stood in for by what the package asks of it: its history and its configuration.
const aggregates = require("node-opcua-aggregates");
const { DataValue } = require("node-opcua-data-value");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType } = require("node-opcua-variant");
const { NodeClass } = require("node-opcua-data-model");

const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
const levels = [StatusCodes.Good, StatusCodes.Uncertain, StatusCodes.Bad];
const property = (value) => ({ readValue: () => ({ value: { value } }) });

function node(samples, way) {
    const dataValues = samples.map(([time, value, level]) => new DataValue({
        sourceTimestamp: new Date(time * 1000), statusCode: levels[level],
        value: level === 2 ? undefined : { dataType: DataType.Double, value },
    }));
    return {
        nodeClass: NodeClass.Variable,
        historyRead: (_context, _details, _range, _encoding, _point, callback) => callback(null, { historyData: { dataValues } }),
        $historicalDataConfiguration: {
            stepped: property(way.stepped),
            aggregateConfiguration: {
                percentDataBad: property(100), percentDataGood: property(100),
                treatUncertainAsBad: property(way.treat_uncertain_as_bad), useSlopedExtrapolation: property(false),
            },
        },
    };
}

const functions = {
    Interpolative: aggregates.getInterpolatedData, Average: aggregates.getAverageData, Minimum: aggregates.getMinData,
    Maximum: aggregates.getMaxData, Count: aggregates.getCountData, DurationGood: aggregates.getDurationGoodData,
    DurationBad: aggregates.getDurationBadData, PercentGood: aggregates.getPercentGoodData,
    PercentBad: aggregates.getPercentBadData,
};

async function answer(question) {
    const [first, last] = [new Date(question.start * 1000), new Date(question.end * 1000)];
    const values = await new Promise((resolve, reject) => functions[question.name](
        node(question.samples, question.way), question.step * 1000, first, last,
        (error, found) => (error ? reject(error) : resolve(found)),
    ));
    return values.map((one) => ({ value: one.value && one.value.value !== null ? one.value.value : null, status: one.statusCode.value }));
}

(async () => {
    const answers = [];
    for (const question of asked) answers.push(await answer(question).catch((error) => String(error)));
    process.stdout.write(JSON.stringify(answers));
})();
