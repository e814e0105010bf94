import type { Alarm, AlarmType } from '../../../cluster.ts';
import { methods } from '../../proto/methods.ts';
import type { EtcdContext } from '../context.ts';
import { etcdError } from '../errors.ts';
import { unaryHandler, type HandlerOptions } from '../grpc/handlers.ts';
import type { CallHandler } from '../grpc/server-call.ts';
import { etcdVersion } from '../version.ts';

/** The service Maintenance, but for Snapshot. */
export function maintenanceHandlers(context: EtcdContext, options: HandlerOptions): [string, CallHandler][] {
    const { store } = context;
    return [
        [methods.status.path, statusHandler(context, options)],
        [methods.alarm.path, alarmHandler(context, options)],
        [methods.moveLeader.path, moveLeaderHandler(context, options)],
        [
            methods.defragment.path,
            unaryHandler(methods.defragment, options, async () => {
                await store.defragment();
                return {};
            }),
        ],
        [
            methods.hash.path,
            unaryHandler(methods.hash, options, async () => {
                const { hash } = await store.hashKv(0);
                return { header: context.header(), hash };
            }),
        ],
        [
            methods.hashKv.path,
            unaryHandler(methods.hashKv, options, async (request) => {
                const { hash, revision, compactRevision } = await store.hashKv(Math.max(request.revision, 0));
                return { header: context.header(), hash, compactRevision, hashRevision: revision };
            }),
        ],
    ];
}

function statusHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    return unaryHandler(methods.status, options, async () => {
        const status = await context.cluster.status();
        return {
            header: context.header(),
            version: etcdVersion,
            dbSize: status.sizeBytes,
            leader: status.leader,
            raftIndex: status.commitIndex,
            raftTerm: status.term,
            raftAppliedIndex: status.appliedIndex,
            errors: status.errors,
            dbSizeInUse: status.sizeInUseBytes,
            isLearner: status.isLearner,
        };
    });
}

function alarmHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { cluster } = context;
    return unaryHandler(methods.alarm, options, async ({ action, memberId, alarm }) => {
        if (action === 'GET') {
            const active = cluster.alarms().filter(({ type }) => alarm === 'NONE' || type === alarm);
            return { header: context.header(), alarms: active.map(wireAlarm) };
        }
        if (alarm === 'NONE') return { header: context.header() };
        const changed: Alarm = { member: memberId, type: alarm };
        const wasActive = cluster.alarms().some(({ member, type }) => member === memberId && type === alarm);
        if (action === 'ACTIVATE' || wasActive) await cluster.setAlarm(changed, action === 'ACTIVATE');
        const told = action === 'ACTIVATE' || wasActive;
        return { header: context.header(), alarms: told ? [wireAlarm(changed)] : [] };
    });
}

function wireAlarm({ member, type }: Alarm): { memberId: string; alarm: AlarmType } {
    return { memberId: member, alarm: type };
}

function moveLeaderHandler(context: EtcdContext, options: HandlerOptions): CallHandler {
    const { cluster } = context;
    return unaryHandler(methods.moveLeader, options, async ({ targetId }) => {
        if (context.leader !== cluster.memberId) throw etcdError('notLeader');
        const target = cluster.members().find(({ id }) => id === targetId);
        if (target === undefined || target.isLearner) throw etcdError('badTransferee');
        await cluster.transferLeadership(targetId);
        return { header: context.header() };
    });
}
