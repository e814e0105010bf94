import { Random } from './random.ts';

/** Everything that a simulated run depends on. Times are simulated milliseconds; means are exponential. */
export interface SimulationOptions {
    seed: number;
    /** Voters at the start, 1 to 7. */
    members: number;
    /** How long faults and clients go on, before everything is healed and must converge. */
    faultyMs: number;
    network: {
        lossProbability: number;
        duplicateProbability: number;
        delayMinMs: number;
        /** On top of the minimum; what reorders messages. */
        delayMeanMs: number;
        partitionEveryMs: number;
        partitionMeanMs: number;
        /** Of a partition: it cuts one direction only. */
        oneWayProbability: number;
        /** Of a message that is lost or cut off: its sender is told that the other is unreachable. */
        reportedProbability: number;
    };
    disk: {
        syncMeanMs: number;
        stallProbability: number;
        stallMeanMs: number;
        /** Of a crash: nothing survives that was not synced; otherwise a random part of it, the last write torn. */
        losesTailProbability: number;
        applyMeanMs: number;
        /** The disk of one member is full for a while: it refuses writes, and loses nothing. */
        fullEveryMs: number;
        fullMeanMs: number;
        /** A driver broken on purpose: what the disk refuses to sync counts as synced. */
        ignoresFailures: boolean;
    };
    lostDisks: {
        /** A member goes away, and comes back with an older disk or an empty one; see lost-disks.ts. */
        everyMs: number;
        emptiedShare: number;
        /** A copy of one member's disk is made, to which it can be put back. */
        copyEveryMs: number;
    };
    crash: {
        everyMs: number;
        downMeanMs: number;
        /** Of a crash: the member stays away for long, and comes back with an old disk. */
        longProbability: number;
        longMs: number;
        /** The crash happens this many steps of the member later at most: also between persist, send and apply. */
        stepsMax: number;
        /** Of a crash: all members at once, as in a power cut. */
        everybodyProbability: number;
        /** Of a new leader: it crashes within some steps, in the middle of its first entries. */
        newLeaderProbability: number;
    };
    clock: {
        /** A member's tick takes between 1 / spread and spread of the nominal time. */
        rateSpread: number;
        jumpEveryMs: number;
        jumpTicksMax: number;
        /** The member does nothing at all for a while. */
        pauseEveryMs: number;
        pauseMeanMs: number;
        /** A member changes its election timeout, and its heartbeats with it, as those that measure their disk do. */
        paceEveryMs: number;
        paceFactorMax: number;
    };
    membership: {
        changeEveryMs: number;
        transferEveryMs: number;
        /** Of the members that are added: they are voters at once, without having been learners. */
        addVoterShare: number;
        /** Of a leader that has just taken a change into its log: it is cut off from those it knew. */
        cutOffProbability: number;
        votersMin: number;
        votersMax: number;
    };
    log: {
        /** Entries kept after compaction; a log of twice that many more is compacted. */
        keepEntries: number;
        snapshotChunkBytes: number;
    };
    clients: {
        count: number;
        keys: number;
        thinkMeanMs: number;
        timeoutMs: number;
        readShare: number;
        guardedShare: number;
        /** History for watchers is compacted to this many revisions, now and then. */
        historyRevisions: number;
    };
    watchers: { count: number; moveEveryMs: number; bookmarkEveryMs: number; delayMeanMs: number };
    raft: {
        electionTicks: number;
        heartbeatTicks: number;
        appendBytesMax: number;
        inflightAppendsMax: number;
        uncommittedBytesMax: number;
        pendingReadsMax: number;
        readMode: 'quorum' | 'lease';
    };
}

export const tickMs = 10;
const never = Infinity;

/**
 * A configuration from one seed. Each kind of fault is present in a part of the runs only: a run with all of
 * them at once gets less far than one with few ("swarm testing", Groce et al., 2012).
 */
export function optionsOfSeed(seed: number): SimulationOptions {
    const random = new Random(seed);
    const sometimes = <T>(value: T, otherwise: T): T => (random.chance(0.5) ? value : otherwise);
    const members = random.pick([1, 2, 3, 3, 3, 3, 4, 5, 5, 5, 6, 7]);
    const isLease = random.chance(0.15);
    // Faults that were added later have numbers of their own, so that the seeds before them mean the same.
    const later = new Random(seed ^ 0x1a7e);
    const losesDisks = members >= 3 && later.chance(0.25);
    return {
        seed,
        members,
        faultyMs: 8_000,
        network: { ...networkOptions(random), reportedProbability: later.pick([0, 0.2, 1]) },
        disk: {
            syncMeanMs: random.pick([0.1, 2, 10]),
            stallProbability: sometimes(0.02, 0),
            stallMeanMs: random.pick([100, 500]),
            losesTailProbability: random.pick([0, 0.5, 1]),
            applyMeanMs: random.pick([0.1, 1, 20]),
            fullEveryMs: later.chance(0.3) ? later.pick([300, 1_500]) : never,
            fullMeanMs: later.pick([50, 800]),
            ignoresFailures: false,
        },
        lostDisks: {
            everyMs: losesDisks ? later.pick([200, 800]) : never,
            emptiedShare: later.pick([0, 0.5, 1]),
            copyEveryMs: later.pick([50, 400]),
        },
        crash: {
            everyMs: sometimes(random.pick([300, 1_000]), never),
            downMeanMs: random.pick([50, 400]),
            longProbability: 0.2,
            longMs: 2_500,
            stepsMax: random.pick([1, 30]),
            everybodyProbability: random.pick([0, 0.2]),
            newLeaderProbability: later.pick([0, 0, 0, 0.3]),
        },
        clock: isLease
            ? noClockFaults
            : {
                  rateSpread: sometimes(random.pick([1.1, 3]), 1),
                  jumpEveryMs: sometimes(1_000, never),
                  jumpTicksMax: random.pick([5, 100]),
                  pauseEveryMs: sometimes(1_000, never),
                  pauseMeanMs: random.pick([50, 500]),
                  paceEveryMs: later.chance(0.3) ? later.pick([50, 500]) : never,
                  paceFactorMax: later.pick([2, 5]),
              },
        membership: {
            // What is a minority must not change while disks are lost.
            changeEveryMs: Math.max(sometimes(random.pick([150, 600]), never), losesDisks ? never : 0),
            transferEveryMs: sometimes(random.pick([300, 1_500]), never),
            addVoterShare: 0.3,
            cutOffProbability: later.pick([0, 0, 0.3]),
            votersMin: Math.min(members, random.between(1, 3)),
            votersMax: 7,
        },
        log: {
            keepEntries: random.pick([0, 5, 40, 1_000]),
            snapshotChunkBytes: random.pick([50, 500, 1_000_000]),
        },
        clients: {
            count: random.between(2, 6),
            keys: random.between(1, 5),
            thinkMeanMs: random.pick([5, 30]),
            timeoutMs: random.pick([100, 500]),
            readShare: random.pick([0.2, 0.5]),
            guardedShare: random.pick([0.2, 0.7]),
            historyRevisions: random.pick([20, 200]),
        },
        watchers: { count: 3, moveEveryMs: 500, bookmarkEveryMs: 100, delayMeanMs: 5 },
        raft: {
            electionTicks: 10,
            heartbeatTicks: random.pick([1, 2, 3]),
            appendBytesMax: random.pick([1, 400, 100_000]),
            inflightAppendsMax: random.pick([1, 4, 64]),
            uncommittedBytesMax: random.pick([2_000, 1_000_000]),
            pendingReadsMax: random.pick([2, 1_000]),
            readMode: isLease ? 'lease' : 'quorum',
        },
    };
}

/** With leases the members' clocks must run alike. */
const noClockFaults: SimulationOptions['clock'] = {
    rateSpread: 1,
    jumpEveryMs: never,
    jumpTicksMax: 0,
    pauseEveryMs: never,
    pauseMeanMs: 0,
    paceEveryMs: never,
    paceFactorMax: 1,
};

function networkOptions(random: Random): Omit<SimulationOptions['network'], 'reportedProbability'> {
    return {
        lossProbability: random.pick([0, 0, 0.01, 0.1]),
        duplicateProbability: random.pick([0, 0, 0.02, 0.1]),
        delayMinMs: random.pick([0.1, 1, 5]),
        delayMeanMs: random.pick([0.1, 3, 15]),
        partitionEveryMs: random.chance(0.5) ? random.pick([400, 1_500]) : never,
        partitionMeanMs: random.pick([100, 600]),
        oneWayProbability: random.pick([0, 0.4, 1]),
    };
}

/** Conditions under which rare mistakes come to light; 'any' is what the seed alone says. */
export type Profile =
    'any' | 'elections' | 'staleLeaders' | 'newLeaders' | 'membership' | 'lostDisks' | 'ignoredFailures';

export function optionsOfProfile(profile: Profile, seed: number): SimulationOptions {
    const options = optionsOfSeed(seed);
    const calm = { ...noClockFaults };
    const raft = { ...options.raft, appendBytesMax: 1, inflightAppendsMax: 1, readMode: 'quorum' as const };
    const quick = {
        ...options.disk,
        syncMeanMs: 0.1,
        applyMeanMs: 0.1,
        stallProbability: 0,
        fullEveryMs: never,
    };
    const network = {
        ...options.network,
        lossProbability: 0,
        delayMinMs: 1,
        delayMeanMs: 3,
        reportedProbability: 0,
    };
    const calmCrash = { ...options.crash, newLeaderProbability: 0 };
    const noCrash = { ...calmCrash, everyMs: never };
    const noChange = { ...options.membership, changeEveryMs: never };
    const noCompaction = { keepEntries: 1_000, snapshotChunkBytes: 1_000_000 };
    const lostDisks = { ...options.lostDisks, everyMs: never };
    const common = { ...options, clock: calm, raft, disk: quick, lostDisks, log: noCompaction };
    switch (profile) {
        case 'any':
            return options;
        case 'elections': {
            const crash = { ...calmCrash, everyMs: 60, downMeanMs: 120, longProbability: 0, stepsMax: 5 };
            const membership = { ...noChange, transferEveryMs: 200 };
            const partitions = {
                ...network,
                partitionEveryMs: 150,
                partitionMeanMs: 150,
                oneWayProbability: 0.3,
            };
            const clients = { ...options.clients, thinkMeanMs: 5 };
            return { ...common, members: 5, crash, membership, network: partitions, clients };
        }
        case 'staleLeaders': {
            const clock = { ...calm, pauseEveryMs: 300, pauseMeanMs: 400 };
            const clients = { ...options.clients, count: 6, keys: 1, thinkMeanMs: 5, readShare: 0.5 };
            const partitions = { ...network, partitionEveryMs: never };
            return {
                ...common,
                members: 3,
                clock,
                clients,
                crash: noCrash,
                membership: noChange,
                network: partitions,
            };
        }
        case 'newLeaders': {
            const crash = {
                ...calmCrash,
                everyMs: 200,
                downMeanMs: 200,
                longProbability: 0,
                stepsMax: 20,
                newLeaderProbability: 0.8,
            };
            const partitions = {
                ...network,
                delayMinMs: 4,
                delayMeanMs: 8,
                partitionEveryMs: 300,
                partitionMeanMs: 150,
                oneWayProbability: 0.3,
            };
            const clients = { ...options.clients, thinkMeanMs: 5 };
            return { ...common, members: 5, crash, membership: noChange, network: partitions, clients };
        }
        case 'membership': {
            const membership = {
                changeEveryMs: 15,
                transferEveryMs: never,
                addVoterShare: 1,
                cutOffProbability: 0.4,
                votersMin: 3,
                votersMax: 5,
            };
            const slow = {
                ...network,
                delayMinMs: 5,
                delayMeanMs: 10,
                partitionEveryMs: never,
                partitionMeanMs: 250,
            };
            return { ...common, members: 4, membership, crash: noCrash, network: slow };
        }
        case 'lostDisks': {
            const crash = {
                ...calmCrash,
                everyMs: 300,
                downMeanMs: 150,
                longProbability: 0,
                stepsMax: 5,
                everybodyProbability: 0,
            };
            const partitions = {
                ...network,
                partitionEveryMs: 300,
                partitionMeanMs: 150,
                oneWayProbability: 0,
            };
            return {
                ...common,
                members: 3,
                lostDisks: { everyMs: 200, emptiedShare: 0.5, copyEveryMs: 100 },
                crash,
                membership: noChange,
                network: partitions,
            };
        }
        case 'ignoredFailures': {
            const disk = { ...quick, fullEveryMs: 100, fullMeanMs: 500, ignoresFailures: true };
            return { ...common, members: 3, disk, crash: { ...calmCrash, everyMs: 300 } };
        }
    }
}
