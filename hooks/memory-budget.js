/**
 * What this plugin does inside the client (2.1.287 and newer; older ones ignore the module).
 *
 * Two things no hook can do: it says which call of the Agent tool became which agent, the moment the client knows
 * (`bound/<agent>`, see lib/memory_budget/run/claims.py), and it draws each running agent's row from the state the hooks keep,
 * without a process. It reads and writes below the project's .claude/cache/memory-budget only, and nothing in a project
 * where the hooks have not made that folder. Whatever fails here, the agent starts and the client draws its own row.
 */

const CACHE = '/.claude/cache/memory-budget'
/** How long what was read for a row is good, in milliseconds. */
const FRESH = 1000
const BAR = 10
/** Columns that the client's own parts of a row take: the agent's type before, time and tokens after. */
const AROUND = 52
const FULL = '\u2588'
const EMPTY = '\u2591'

/** Names that hooks use for files as they are; others carry a digest there and get no row. */
const isPlain = (name) => typeof name === 'string' && /^[A-Za-z0-9_-]{1,80}$/.test(name)

/** 18,234 as 18.2K, 20,000 as 20K, 950 as 950. */
export const thousands = (tokens) =>
  tokens < 1000 ? String(tokens) : (tokens / 1000).toFixed(1).replace(/\.0$/, '') + 'K'

/** One line without control characters: names come from outside. */
export const printable = (text) => String(text).replace(/[\p{C}\p{Zl}\p{Zp}]/gu, ' ').trim()

/**
 * An agent's memory as it stands: from what its start kept and the lines of what it read itself since.
 * The same rules as lib/memory_budget/run/meter.py, which a test compares.
 */
export const standing = (pending, reads) => {
  let loaded = pending.placed_tokens
  const seen = new Set()
  let { budget_allocated: budget, complexity: tier, bumped_from: from } = pending
  const ladder = [...pending.ladder]
  for (const line of reads.split('\n')) {
    let read
    try {
      read = JSON.parse(line)
    } catch {
      continue
    }
    if (!Array.isArray(read) || typeof read[2] !== 'number' || seen.has(read[0])) continue
    if (read[0]) seen.add(read[0])
    loaded += read[2]
    while (pending.enforcement !== 'hard' && loaded > budget && ladder.length) {
      from = from || tier
      ;[tier, budget] = ladder.shift()
    }
  }
  return { loaded, budget, tier, from }
}

/**
 * A row's text, the richest that fits: "████░░░░░░ 8.9K of 20K 44 % medium · review models". The client draws the agent's type
 * before it and its time and tokens after it.
 */
export const label = (state, columns, description) => {
  const share = state.budget > 0 ? state.loaded / state.budget : 0
  const cells = Math.max(0, Math.min(BAR, Math.floor(share * BAR + 1e-9)))
  const percent = `${Math.floor(share * 100 + 1e-9)} %`
  const bar = FULL.repeat(cells) + EMPTY.repeat(BAR - cells)
  const figures = `${thousands(state.loaded)} of ${thousands(state.budget)}`
  const tier = state.from ? `${state.tier} (raised from ${state.from})` : state.tier
  const text = printable(description ?? '')
  const forms = [
    [bar, figures, percent, tier, text && '\u00b7', text],
    [bar, figures, percent, tier],
    [bar, figures, percent, state.from ? `${state.tier} \u2191` : state.tier],
    [figures, percent, state.tier],
    [figures, percent],
    [percent],
  ]
  const texts = forms.map((form) => form.filter(Boolean).join(' '))
  return texts.find((form) => form.length <= columns) ?? texts[texts.length - 1]
}

/** The file in the data folder that says where the cache of a session's folder lies (`base.project.leave_word`). */
export const wordName = (root) => root.replace(/[^A-Za-z0-9]/g, '-') + '.at'

/** The cache that such a file names for this folder: "" for no memory, undefined where it says nothing of the folder. */
export const cacheIn = (word, root) => {
  const [known, cache] = word.split('\n')
  return known === root ? (cache ?? '') : undefined
}

export const register = (on) => {
  /** Tool uses by agent, rows by agent with the time they were read, and where the cache lies by session folder. */
  const toolUses = new Map()
  const rows = new Map()
  const caches = new Map()

  on('session.start', async ($, e, next) => {
    try {
      await $.env.set('MEMORY_BUDGET_MOD', '1')
    } catch {
      // without it the hooks tell agents apart by their order
    }
    return next(e)
  })

  on('agent.spawn', async ($, e, next) => {
    const started = await next(e)
    try {
      if (!started.agentId || !isPlain(started.agentId) || e.fork) return started
      const root = await $.session.root()
      // Python leaves word where memory does not lie in the folder itself, at the latest when it plans for this agent.
      const home = (await $.env.get('CLAUDE_CONFIG_DIR')) || (await $.env.get('HOME')) + '/.claude'
      let cache = root + CACHE
      if (!(await $.fs.exists(cache + '/starts'))) {
        cache = ''
        for (const entry of await $.fs.list(home + '/plugins/data')) {
          if (cache || !entry.name.startsWith('memory-budget')) continue
          const word = `${home}/plugins/data/${entry.name}/projects/${wordName(root)}`
          if (await $.fs.exists(word)) cache = cacheIn(String(await $.fs.read(word)), root) || ''
        }
      }
      if (!cache || !(await $.fs.exists(cache + '/starts'))) return started
      caches.set(root, cache)
      toolUses.set(started.agentId, e.tool_use_id)
      await $.fs.write(`${cache}/bound/${started.agentId}`, e.tool_use_id + '\n')
    } catch {
      // the agent's own hooks tell it by order
    }
    return started
  })

  on('ui.render', { component: 'AgentRow' }, async ($, e, next) => {
    const { id, columns, description } = e.props
    let state = null
    try {
      const known = rows.get(id)
      if (known && Date.now() - known.at < FRESH) {
        state = known.state
      } else if (isPlain(id)) {
        const root = await $.session.root()
        const cache = caches.get(root) ?? root + CACHE
        const session = await $.session.id()
        const read = async (path) => {
          try {
            return String((await $.fs.read(path)) ?? '')
          } catch {
            return ''
          }
        }
        const toolUse = toolUses.get(id) ?? (await read(`${cache}/bound/${id}`)).trim()
        const key = toolUse ? `${session}-${toolUse}` : `agent-${id}`
        const text = isPlain(key) ? await read(`${cache}/pending/${key}.json`) : ''
        if (text) state = standing(JSON.parse(text), await read(`${cache}/running/${session}/${id}.reads`))
        rows.set(id, { at: Date.now(), state })
      }
    } catch {
      state = null
    }
    if (!state) return next(e)
    return next({ ...e, props: { ...e.props, label: label(state, (columns || 80) - AROUND, description) } })
  })
}
