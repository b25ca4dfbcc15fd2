// Renders templates with the reference renderer. Standard input: a JSON list of { template, variables }; output: a list of { text } or { error }.
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { Template } = createRequire(process.argv[2] + '/package.json')('@huggingface/jinja');

const templates = new Map();
const parse = (source) => {
  if (!templates.has(source)) {
    templates.set(source, new Template(source));
  }
  return templates.get(source);
};
const render = ({ template, variables }) => {
  try {
    return { text: parse(template).render(variables) };
  } catch (error) {
    return { error: String(error) };
  }
};
process.stdout.write(JSON.stringify(JSON.parse(readFileSync(0, 'utf8')).map(render)));
