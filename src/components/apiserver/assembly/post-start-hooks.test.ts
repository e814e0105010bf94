import { expect, it } from '@jest/globals';
import type { HealthCheck } from '../extensions.ts';
import { PostStartHooks } from './post-start-hooks.ts';

const failing = async (checks: readonly HealthCheck[]): Promise<string[]> => {
    const outcomes = await Promise.all(checks.map(async (one) => [one.name, await one.check()] as const));
    return outcomes.filter(([, problem]) => problem !== undefined).map(([name]) => name);
};

it('a server that nobody fills lives, but is not ready', async () => {
    const hooks = new PostStartHooks();
    expect(await failing(hooks.live)).toEqual([]);
    expect(await failing(hooks.ready)).toContain('poststarthook/rbac/bootstrap-roles');
});

it('steps that are not done are named, without what this server does not have', async () => {
    const hooks = new PostStartHooks((name) => name.startsWith('priority-and-fairness'));
    hooks.begin();
    for (const step of ['start', 'customResources', 'system', 'addresses', 'roles', 'aggregation'] as const)
        hooks.done(step);
    const missing = [
        'poststarthook/scheduling/bootstrap-system-priority-classes',
        'poststarthook/bootstrap-controller',
    ];
    expect(await failing(hooks.live)).toEqual(missing);
    expect(await failing(hooks.ready)).toEqual(missing);
    hooks.done('priorityClasses');
    hooks.done('masters');
    expect(await failing(hooks.ready)).toEqual([]);
    expect(hooks.live.map(({ name }) => name)).toContain('autoregister-completion');
});
