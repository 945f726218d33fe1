import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import type { Test } from 'tap';

const SCHEMAS = join(import.meta.dirname, '../../docs/schema');

const ajv = new Ajv2020({
  allErrors: true,
  formats: { 'date-time': /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$/ },
});
for (const file of globSync('*.schema.json', { cwd: SCHEMAS })) {
  ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, file), 'utf8')));
}

const validatorOf = (name: string) => {
  const validate = ajv.getSchema(`${name}.schema.json`);
  if (validate === undefined) throw new Error(`there is no ${name}.schema.json`);
  return validate;
};

/** Whether it is what the schema of docs/schema says. */
export const isAs = (name: string, value: unknown): boolean => validatorOf(name)(value) === true;

/** Holds what the program said against the schema that we publish. */
export function conforms(t: Test, name: string, value: unknown): void {
  const validate = validatorOf(name);
  t.ok(validate(value), `the JSON is as ${name}.schema.json says`, { errors: validate.errors, value });
}
