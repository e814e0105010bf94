/** Names, labels and object metadata: validators that return upstream's messages. */
export * from './name-formats.ts';
export * from './object-meta-validation.ts';
