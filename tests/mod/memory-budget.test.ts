/** Run by `claude plugin test .` and by tests/e2e/test_mod.py. */
import { expect, test } from 'claude-code/testing'

import { cacheIn, label, printable, standing, thousands, wordName } from '../../hooks/memory-budget.js'

const PENDING = {
  agent: 'dbt-expert',
  budget_allocated: 20000,
  complexity: 'medium',
  bumped_from: '',
  enforcement: 'soft',
  ladder: [['complex', 30000]],
  placed_tokens: 8900,
}
const read = (name: string, tokens: number) => JSON.stringify([name, 1.5, tokens, { global: tokens }])

test('figures are written as the hooks write them', async () => {
  expect([0, 950, 8900, 20000, 18234].map(thousands)).toEqual(['0', '950', '8.9K', '20K', '18.2K'])
})

test('an agent stands where its start and its reads put it', async () => {
  expect(standing(PENDING, '').loaded).toBe(8900)
  const reads = [read('a', 100), read('a', 100), '["torn', read('b', 12000), ''].join('\n')
  const state = standing(PENDING, reads)
  expect([state.loaded, state.budget, state.tier, state.from]).toEqual([21000, 30000, 'complex', 'medium'])
  const hard = standing({ ...PENDING, enforcement: 'hard' }, reads)
  expect([hard.budget, hard.tier]).toEqual([20000, 'medium'])
})

test('the richest row that fits is drawn', async () => {
  const state = standing(PENDING, '')
  expect(label(state, 100, 'review')).toBe('████░░░░░░ 8.9K of 20K 44 % medium · review')
  expect(label(state, 36, 'a long description')).toBe('████░░░░░░ 8.9K of 20K 44 % medium')
  expect(label(state, 24, 'review')).toBe('8.9K of 20K 44 % medium')
  expect(label(state, -10, 'review')).toBe('44 %')
  expect(label({ ...state, from: 'simple' }, 100, '')).toBe('████░░░░░░ 8.9K of 20K 44 % medium (raised from simple)')
  expect(label({ ...state, from: 'simple' }, 40, '')).toBe('████░░░░░░ 8.9K of 20K 44 % medium ↑')
  expect(label({ ...state, budget: 0 }, 100, '')).toContain('8.9K of 0 0 %')
})

test('names from outside keep to their line', async () => {
  expect(printable('a\x1b[31mb\nc\u202e')).toBe('a [31mb c')
})

test('memory that does not lie in the folder is found by the word that was left', async () => {
  expect(wordName('/home/x/my project')).toBe('-home-x-my-project.at')
  expect(cacheIn('/a/b\n/data/cache\n', '/a/b')).toBe('/data/cache')
  expect(cacheIn('/a/b\n\n', '/a/b')).toBe('')
  expect(cacheIn('/a-b\n/data/cache\n', '/a/b')).toBe(undefined)
})
