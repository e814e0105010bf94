/** Parts whose own rules are written elsewhere, and take them as they are. */
type Whole = 'metadata' | 'template' | 'selector' | 'podSelector' | 'namespaceSelector' | 'objectSelector';

/**
 * An object of a type as a request may carry it: everything can be missing at every depth, whatever the
 * API requires, because decoding only checks the types of what is there. Rules that are written against
 * this cannot trip over it.
 */
export type Incomplete<T> = T extends readonly (infer Item)[]
    ? Incomplete<Item>[]
    : T extends object
      ? string extends keyof T
          ? T
          : { [Key in keyof T]?: (Key extends Whole ? T[Key] : Incomplete<T[Key]>) | undefined }
      : T;
