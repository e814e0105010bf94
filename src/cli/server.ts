import { Command } from 'commander';
import { join } from 'node:path';
import type { Identity } from '../components/apiserver/identity.ts';
import type { Lifecycle, Stoppable } from '../util/lifecycle.ts';
import type { Logger } from '../util/logger.ts';
import type { ApiServerSetup, RunningApiServer } from './components/apiserver.ts';
import { ContestedComponent } from './contested-component.ts';
import { addFlags, type FlagValues, readFlags } from './flags.ts';
import { serverComponents, serverFlags } from './flag-sets/server-flags.ts';
import { defaultNodeIp, hostName } from './host.ts';
import { advertisedPeerUrl, storeDirectory } from './components/embedded-store.ts';
import { settingsOf } from './join/cluster-settings.ts';
import { forgetMembership, joinAsMaster, withClusterSettings } from './join/join-as-master.ts';
import { loggerFor, runUntilSignal } from './run.ts';

type Flags = FlagValues<typeof serverFlags>;
type ComponentName = (typeof serverComponents)[number];

interface ServerContext {
    flags: Flags;
    api: RunningApiServer;
    nodeName: string;
    nodeIp: string;
    logger: Logger;
    lifecycle: Lifecycle;
}

type StartComponent = (context: ServerContext) => Promise<void>;
/** Of which one works in the whole cluster. */
type Contested = 'controller' | 'scheduler';
type StartContested = (context: ServerContext) => Promise<Stoppable>;

export function serverCommand(): Command {
    const command = new Command('server').description(
        'the whole cluster in one process: API server, controllers, scheduler, kubelet and proxy',
    );
    return addFlags(command, serverFlags).action(async () => {
        const flags = await readFlags(command, serverFlags);
        const logger = loggerFor(flags.v);
        if (flags['cluster-reset']) {
            await resetCluster(flags, logger);
            return;
        }
        await runUntilSignal(logger, async (lifecycle) => {
            await startServer(flags, logger, lifecycle);
        });
    });
}

/** Restores a quorum from the only survivor. */
async function resetCluster(flags: Flags, logger: Logger): Promise<void> {
    const { resetMembership } = await import('../store/member/reset-membership.ts');
    const { dropped } = await resetMembership(join(flags['data-dir'], storeDirectory), logger);
    await forgetMembership(flags['data-dir']);
    const names = dropped.map(({ id, name }) => name || id).join(', ');
    console.log(
        `This master is a cluster of its own now${names === '' ? '' : `, without ${names}`}. Start it as before. ` +
            'The other masters have to join anew, after their data directories were removed.',
    );
}

async function startServer(given: Flags, logger: Logger, lifecycle: Lifecycle): Promise<void> {
    const disabled = disabledComponents(given.disable);
    const nodeName = given['node-name'] || hostName();
    const nodeIp = given['node-ip'] || defaultNodeIp();
    const peerUrl = advertisedPeerUrl(given, nodeIp);
    const joined = await joinAsMaster(given, { name: nodeName, peerUrl, logger });
    const flags = withClusterSettings(given, joined, logger);
    const { startApiServer } = await import('./components/apiserver.ts');
    const contested = new Map<Contested, ContestedComponent>();
    const beforeGrowing = async (): Promise<void> => {
        await Promise.all([...contested.values()].map((component) => component.contest()));
    };
    const inProcess = (): ReturnType<NonNullable<ApiServerSetup['inProcess']>> => {
        // What somebody else runs on this machine is asked at its port.
        const runs = (name: Contested): boolean | undefined =>
            disabled.has(name) ? undefined : contested.get(name)?.isWell === true;
        return { 'controller-manager': runs('controller'), scheduler: runs('scheduler') };
    };
    const admission = { settings: settingsOf(flags), beforeGrowing };
    const api = await startApiServer(
        { flags, nodeName, nodeIp, logger, joined, admission, inProcess },
        lifecycle,
    );
    await api.bootstrapped;
    const context = { flags, api, nodeName, nodeIp, logger, lifecycle };
    const enabled = serverComponents.filter((name) => !disabled.has(name));
    await Promise.all(
        enabled.map(async (name) => {
            if (isContested(name)) contested.set(name, await startContestedComponent(name, context));
            else await startComponent[name](context);
        }),
    );
    logger.info({ node: nodeName, ...api.server.address }, 'hyperkube is running');
}

function disabledComponents(names: readonly string[]): Set<ComponentName> {
    return new Set(
        names.map((name) => {
            const known = serverComponents.find((component) => component === name);
            if (known === undefined)
                throw new TypeError(
                    `--disable: unknown component "${name}", expected ${serverComponents.join(', ')}`,
                );
            return known;
        }),
    );
}

async function startContestedComponent(name: Contested, context: ServerContext): Promise<ContestedComponent> {
    const { api, lifecycle, logger } = context;
    const component = new ContestedComponent({
        leaseName: leaseNames[name],
        client: api.clientFor(identities[name]),
        logger,
        start: () => startContested[name](context),
    });
    lifecycle.add(component);
    if (api.hasRivals()) await component.contest();
    else await component.startUncontested();
    return component;
}

function isContested(name: ComponentName): name is Contested {
    return name in startContested;
}

const identityOf = (username: string, ...groups: string[]): Identity => ({
    username,
    uid: '',
    groups: [...groups, 'system:authenticated'],
    extra: {},
});

/** How those of which one works in the cluster start inside the process, with their own identities. */
const startContested: Readonly<Record<Contested, StartContested>> = {
    controller: async ({ flags, api, logger }) => {
        const { createControllerManager } = await import('./components/controller-manager.ts');
        return await createControllerManager({
            client: api.clientFor(identities.controller),
            clientFor: api.serviceAccountClient,
            logger: logger.child({ component: 'controller-manager' }),
            enabled: flags.controllers,
            options: {
                clusterCidr: flags['allocate-node-cidrs'] ? flags['cluster-cidr'] : undefined,
                nodeCidrMaskSize: flags['node-cidr-mask-size'],
                serviceAccountKey: api.pki.serviceAccount.privateKey,
                rootCa: api.pki.ca.cert,
                clusterSigning: { certificate: api.pki.ca.cert, key: api.pki.ca.key },
            },
        });
    },
    scheduler: async ({ api, logger }) => {
        const { createScheduler } = await import('./components/scheduler.ts');
        return await createScheduler({
            client: api.clientFor(identities.scheduler),
            logger: logger.child({ component: 'scheduler' }),
            schedulerName: 'default-scheduler',
        });
    },
};

const identities: Readonly<Record<Contested, Identity>> = {
    controller: identityOf('system:kube-controller-manager'),
    scheduler: identityOf('system:kube-scheduler'),
};
const leaseNames: Readonly<Record<Contested, string>> = {
    controller: 'kube-controller-manager',
    scheduler: 'kube-scheduler',
};

/** How each component starts inside the process: with its own identity, over the in-process transport. */
const startComponent: Readonly<Record<Exclude<ComponentName, Contested>, StartComponent>> = {
    kubelet: async ({ flags, api, nodeName, nodeIp, logger, lifecycle }) => {
        const { createKubelet } = await import('./components/kubelet.ts');
        const { pki } = api;
        lifecycle.add(
            await createKubelet({
                flags,
                client: api.clientFor(identityOf(`system:node:${nodeName}`, 'system:nodes')),
                nodeName,
                nodeIp,
                registerNode: true,
                clusterDomain: flags['cluster-domain'],
                clusterCidr: flags['cluster-cidr'],
                rootDirectory: flags['root-dir'] || join(flags['data-dir'], 'kubelet'),
                tls: { cert: pki.kubeletServing.cert, key: pki.kubeletServing.key, clientCa: pki.ca.cert },
                logger: logger.child({ component: 'kubelet' }),
            }),
        );
    },
    proxy: async ({ flags, api, nodeName, logger, lifecycle }) => {
        const { createProxy } = await import('./components/proxy.ts');
        lifecycle.add(
            await createProxy({
                client: api.clientFor(identityOf('system:kube-proxy')),
                logger: logger.child({ component: 'proxy' }),
                nodeName,
                clusterCidr: flags['cluster-cidr'],
                flags,
            }),
        );
    },
};
