import { readFile } from 'node:fs/promises';
import { parseYaml } from '../../../api/schema/parse.ts';
import { createHttpTransport } from '../../../client/http-transport.ts';
import { loadKubeconfig } from '../../../client/kubeconfig.ts';
import type { Clock } from '../../../util/clock.ts';
import type { Logger } from '../../../util/logger.ts';
import { Auditor, type AuditSink } from './auditor.ts';
import { LogSink } from './log-sink.ts';
import { AuditPolicy, AuditPolicyError } from './policy.ts';
import { WebhookSink } from './webhook-sink.ts';

export interface AuditSettings {
    policyFile: string;
    /** Empty for no log, "-" for standard output. */
    logPath: string;
    logMaxAgeDays: number;
    logMaxBackups: number;
    logMaxSizeMegabytes: number;
    /** Kubeconfig of the webhook; empty for none. */
    webhookConfigFile: string;
}

/** The auditor that the flags ask for; undefined without a policy or without anywhere to write to. */
export async function createAuditor(
    settings: AuditSettings,
    { clock, logger }: { clock: Clock; logger: Logger },
): Promise<Auditor | undefined> {
    const { policyFile, logPath, webhookConfigFile } = settings;
    if (policyFile === '') return undefined;
    const policy = await readPolicy(policyFile);
    const sinks: AuditSink[] = [];
    if (logPath !== '') {
        const sink = new LogSink({
            path: logPath,
            maxAgeDays: settings.logMaxAgeDays,
            maxBackups: settings.logMaxBackups,
            maxSizeMegabytes: settings.logMaxSizeMegabytes,
            clock,
            logger,
        });
        await sink.open();
        sinks.push(sink);
    }
    if (webhookConfigFile !== '') {
        const config = await loadKubeconfig(webhookConfigFile);
        const { pathname, search } = new URL(config.server);
        const transport = createHttpTransport({ ...config, server: new URL(config.server).origin });
        sinks.push(new WebhookSink({ transport, path: `${pathname}${search}`, clock, logger }));
    }
    return sinks.length === 0 ? undefined : new Auditor(policy, sinks);
}

async function readPolicy(file: string): Promise<AuditPolicy> {
    try {
        return AuditPolicy.parse((await parseYaml(await readFile(file))).value);
    } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new AuditPolicyError(`--audit-policy-file: ${file}: ${reason}`, { cause: error });
    }
}
