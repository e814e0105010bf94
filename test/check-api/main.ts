import { knownDifferences } from './known-differences.ts';
import { checkApi } from './check-api.ts';
import { loadReference } from './reference.ts';

const reference = loadReference(process.argv[2]);
if (reference === undefined) {
    console.error('check:api: there is no reference document at ../shared/reference/openapi-v1.36.json');
    process.exit(1);
}
const { operations, types, differences } = await checkApi(reference);
const known = new Map(knownDifferences.map(({ reason }) => [reason, 0]));
const unknown = differences.filter(({ where }) => {
    const match = knownDifferences.find((each) => each.where.test(where));
    if (match !== undefined) known.set(match.reason, (known.get(match.reason) ?? 0) + 1);
    return match === undefined;
});
console.log(`${operations} operations and ${types} types compared with upstream's v1.36`);
for (const [reason, count] of known) if (count > 0) console.log(`known, ${count} times: ${reason}`);
for (const { where, what } of unknown) console.log(`${where}: ${what}`);
console.log(`${unknown.length} differences`);
process.exit(unknown.length > 0 ? 1 : 0);
