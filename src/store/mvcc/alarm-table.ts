import type { Alarm, AlarmType } from '../cluster.ts';
import { checksumBytes, isIntact, seal } from '../log/checked-value.ts';
import type { DiskWrite } from '../log/log.ts';
import { StoreError } from '../store.ts';

/**
 * The alarms that are on, each with a record on disk:  'a' | type | '/' | member → crc32, 4 bytes.
 * Like LeaseTable it keeps apart what the group in preparation changes.
 */
export class AlarmTable {
    readonly #active = new Map<string, Alarm>();
    readonly #staged = new Map<string, { alarm: Alarm; active: boolean }>();

    list(): readonly Alarm[] {
        return [...this.#active.values()];
    }

    isOn(type: AlarmType): boolean {
        return this.list().some((alarm) => alarm.type === type);
    }

    /** As commands see it that come later in the group. */
    isStagedOn(type: AlarmType): boolean {
        if (this.#active.size === 0 && this.#staged.size === 0) return false;
        for (const [name, alarm] of this.#active) {
            if (alarm.type === type && this.#staged.get(name)?.active !== false) return true;
        }
        for (const { alarm, active } of this.#staged.values()) if (active && alarm.type === type) return true;
        return false;
    }

    stage(alarm: Alarm, active: boolean): void {
        this.#staged.set(nameOf(alarm), { alarm, active });
    }

    publish(alarm: Alarm, active: boolean): void {
        if (active) this.#active.set(nameOf(alarm), alarm);
        else this.#active.delete(nameOf(alarm));
    }

    /** The group is committed or taken back. */
    endGroup(): void {
        this.#staged.clear();
    }

    replaceBy(other: AlarmTable): void {
        this.#active.clear();
        for (const alarm of other.list()) this.publish(alarm, true);
        this.endGroup();
    }
}

const alarmTag = 'a';

/** Bounds of all alarm records. */
export function allAlarms(): { from: Buffer; to: Buffer } {
    return { from: Buffer.from('a'), to: Buffer.from('b') };
}

export function alarmWrite(alarm: Alarm, active: boolean): DiskWrite {
    const key = Buffer.from(alarmTag + nameOf(alarm), 'latin1');
    if (!active) return { type: 'del', key };
    return { type: 'put', key, value: seal(key, Buffer.alloc(checksumBytes)) };
}

/** Throws StoreError 'corrupt'. */
export function decodeAlarm(key: Buffer, value: Buffer): Alarm {
    const [, type, member] = /^a(NOSPACE|CORRUPT)\/(.*)$/.exec(key.toString('latin1')) ?? [];
    if (!isIntact(key, value) || member === undefined) {
        throw new StoreError('corrupt', `the alarm record ${key.toString('hex')} is damaged`);
    }
    return { type: type as AlarmType, member };
}

function nameOf({ type, member }: Alarm): string {
    return `${type}/${member}`;
}
