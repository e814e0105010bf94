const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const days = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

interface CronField {
    low: number;
    high: number;
    names?: readonly string[];
}

const fields: readonly CronField[] = [
    { low: 0, high: 59 },
    { low: 0, high: 23 },
    { low: 1, high: 31 },
    { low: 1, high: 12, names: months },
    { low: 0, high: 6, names: days },
];
const descriptors = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly)$/;

/** What is wrong with a schedule of five fields or a descriptor such as "@daily"; undefined when it is fine. */
export function cronScheduleProblem(schedule: string): string | undefined {
    const text = schedule.replace(/^(CRON_TZ|TZ)=\S+\s+/, '').trim();
    if (text.startsWith('@')) {
        if (descriptors.test(text) || /^@every (\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text))
            return undefined;
        return `unrecognized descriptor: ${text}`;
    }
    const parts = text === '' ? [] : text.split(/\s+/);
    if (parts.length !== fields.length) {
        return `expected exactly ${fields.length} fields, found ${parts.length}: [${parts.join(' ')}]`;
    }
    for (const [index, part] of parts.entries()) {
        const field = fields[index];
        const problem = field === undefined ? undefined : fieldProblem(part, field);
        if (problem !== undefined) return problem;
    }
    return undefined;
}

function fieldProblem(part: string, field: CronField): string | undefined {
    for (const range of part.split(',')) {
        const problem = rangeProblem(range, field);
        if (problem !== undefined) return problem;
    }
    return undefined;
}

function rangeProblem(range: string, field: CronField): string | undefined {
    const [span = '', step, ...moreSteps] = range.split('/');
    if (moreSteps.length > 0) return `too many slashes: ${range}`;
    if (step !== undefined) {
        if (!/^\d+$/.test(step)) return `failed to parse int from ${step}`;
        if (Number(step) === 0) return `step of range should be a positive number: ${range}`;
    }
    if (span === '*' || span === '?') return undefined;
    const [first = '', last, ...moreHyphens] = span.split('-');
    if (moreHyphens.length > 0) return `too many hyphens: ${range}`;
    const low = parseValue(first, field);
    const high = last === undefined ? low : parseValue(last, field);
    if (low === undefined || high === undefined)
        return `failed to parse int from ${low === undefined ? first : (last ?? '')}`;
    if (low < field.low) return `beginning of range (${low}) below minimum (${field.low}): ${range}`;
    if (high > field.high) return `end of range (${high}) above maximum (${field.high}): ${range}`;
    return low > high ? `beginning of range (${low}) beyond end of range (${high}): ${range}` : undefined;
}

function parseValue(text: string, { names, low }: CronField): number | undefined {
    const index = names?.indexOf(text.toLowerCase()) ?? -1;
    if (index >= 0) return index + low;
    return /^\d+$/.test(text) ? Number(text) : undefined;
}
