import { describe, expect, it } from '@jest/globals';
import { createCelCompiler } from '../compiler.ts';
import { deviceEnvironment } from './device.ts';

const compiler = createCelCompiler();

describe('what a selector of devices costs at most', () => {
    it.each([
        ['true', 0n],
        ['device.driver == "dra.example.com"', 4n],
        ['device.attributes["dra.example.com"].name', 4n],
        ['device.attributes["dra.example.com"]["name"]', 4n],
        ['cel.bind(dra, device.attributes["dra.example.com"], dra.name)', 15n],
        ['device.attributes["dra.example.com"].name > 0', 5n],
        ['device.attributes["dra.example.com"].name == "fish"', 5n],
        ['device.attributes["dra.example.com"].name.isGreaterThan(semver("0.0.1"))', 6n],
        ['device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))', 6n],
        [
            '"name" in device.capacity["dra.example.com"] && device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))',
            10n,
        ],
        [
            '!("name" in device.capacity["dra.example.com"]) || device.capacity["dra.example.com"].name.isGreaterThan(quantity("1Ki"))',
            11n,
        ],
        ['device.attributes.exists_one(x, x == "dra.example.com")', 164n],
        ['device.attributes["dra.example.com"].exists_one(x, x == "services")', 133n],
        ['device.capacity["dra.example.com"].exists_one(x, x == "memory")', 133n],
        ['device.attributes["dra.example.com"].services.split("example").size() >= 2', 19n],
        ['device.attributes["dra.example.com"].services.matches("[^a]?sym")', 18n],
        ['device.allowMultipleAllocations == true', 3n],
    ])('%s: %d', (expression, cost) => {
        const compiled = compiler.compile(expression, deviceEnvironment);
        expect(compiled.type === 'compiled' ? compiled.program.estimatedCost : compiled.message).toBe(cost);
    });
});
