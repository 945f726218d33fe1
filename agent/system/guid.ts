/** A GUID as Windows writes it, `{e8132975-6f93-4464-a53e-1050253ae220}`; the source of a regular expression. */
export const GUID = '\\{[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\\}';
