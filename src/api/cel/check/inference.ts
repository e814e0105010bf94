import type { CelType } from '../cel.ts';
import type { Complaint } from '../source.ts';
import { Bindings, dyn, typeName } from '../types.ts';

/** What is learnt about types while an expression is checked, and what is wrong with it. */
export class Inference {
    readonly complaints: Complaint[] = [];
    #bindings = new Bindings();
    #freshCount = 0;

    /** What is wrong suits everywhere, as in cel-go, so that one mistake is told once. */
    complain(offset: number, message: string): CelType {
        this.complaints.push({ offset, message });
        return dyn;
    }

    noOverload(offset: number, name: string, applied: string): CelType {
        return this.complain(offset, `found no matching overload for '${name}' applied to '${applied}'`);
    }

    /** A parameter of which nothing is known yet. */
    fresh(): CelType {
        return { kind: 'parameter', name: `_var${this.#freshCount++}` };
    }

    /** `free` stands for parameters that are bound to nothing. */
    resolve(type: CelType, free?: CelType): CelType {
        return this.#bindings.resolve(type, free);
    }

    nameOf(type: CelType): string {
        return typeName(this.resolve(type, dyn));
    }

    assign(to: CelType, from: CelType): boolean {
        return this.#bindings.assign(to, from);
    }

    /** Keeps what an attempt learnt only where it succeeds. */
    attempt(suits: (trial: Bindings) => boolean): boolean {
        const trial = new Bindings(this.#bindings);
        if (!suits(trial)) return false;
        this.#bindings = trial;
        return true;
    }
}
