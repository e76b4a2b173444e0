// What ESLint holds the scripts of the pages to: its recommended rules, and the sizes and habits that ruff asks of Python.
import js from "@eslint/js";
import globals from "globals";

/** The scripts that browsers load, as they are, and the tests of what in them needs no browser. */
const PAGES = ["service/**/static/*.js"];
const TESTS = ["tests/javascript/**/*.js"];

export default [
  { ignores: ["**/vendor/", "node_modules/", ".venv/"] },
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: [...PAGES, ...TESTS, "*.js"],
    ...js.configs.recommended,
    languageOptions: { ecmaVersion: 2024, sourceType: "module" },
    rules: {
      ...js.configs.recommended.rules,
      "array-callback-return": "error",
      // Higher than ruff's 10, because each ?. and ?? counts as a branch.
      complexity: ["error", 14],
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "max-lines": ["error", 300],
      "max-lines-per-function": ["error", 50],
      "max-params": ["error", 6],
      "no-alert": "error",
      "no-console": ["error", { allow: ["warn", "error"] }],
      "no-constructor-return": "error",
      "no-duplicate-imports": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-promise-executor-return": "error",
      "no-shadow": "error",
      "no-unused-vars": ["error", { ignoreRestSiblings: true, varsIgnorePattern: "^_" }],
      "no-use-before-define": ["error", { functions: false, variables: false }],
      "no-var": "error",
      "object-shorthand": "error",
      "prefer-const": "error",
      "prefer-template": "error",
      radix: "error",
      // Text is always text: nothing that the ledger holds becomes markup.
      "no-restricted-properties": [
        "error",
        { property: "innerHTML", message: "Build elements with tables.js." },
        { property: "outerHTML", message: "Build elements with tables.js." },
        { property: "insertAdjacentHTML", message: "Build elements with tables.js." },
      ],
    },
  },
  { files: PAGES, languageOptions: { globals: { ...globals.browser, uPlot: "readonly" } } },
  { files: [...TESTS, "*.js"], languageOptions: { globals: globals.node } },
];
