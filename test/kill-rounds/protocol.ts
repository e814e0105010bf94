/** What the driver and the processes of members say to each other, a JSON document a line. */
export interface ProcessConfig {
    name: string;
    directory: string;
    members: readonly { name: string; url: string }[];
}

export type Instruction =
    | { type: 'write'; prefix: string; writers: number }
    | { type: 'read'; prefix: string }
    /** `compacts`: history goes too, as a running cluster compacts it. */
    | { type: 'forget'; prefix: string; compacts: boolean }
    | { type: 'hash'; revision: number };

export type MemberReport =
    | { type: 'open'; openMs: number; cpuMs: number }
    | { type: 'written'; key: string }
    | { type: 'read'; versions: [string, number][]; revision: number }
    | { type: 'forgotten' }
    | { type: 'hash'; hash: number; revision: number }
    | { type: 'failed'; instruction: string; error: string };
