'use strict';
// Everything from outside becomes text nodes and attributes, never markup.

const $ = (id) => document.getElementById(id);

function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name === 'onclick') element.addEventListener('click', value);
    else element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== ''));
  return element;
}

// Draws again only what is made of other facts than last time: focus, selection and scrolling stay.
const drawn = new Map();
function draw(id, facts, make) {
  const text = JSON.stringify(facts);
  if (drawn.get(id) === text) return;
  drawn.set(id, text);
  $(id).replaceChildren(...[make()].flat());
}

const plural = (count, one, many) => `${count} ${count === 1 ? one : many || one + 's'}`;
const revisionOf = (identity) => (identity ? `${identity.epoch}.${identity.revision}` : 'nothing yet');
const short = (digest) => (digest || '').slice(0, 12);
const compare = (a, b) => a.epoch - b.epoch || a.revision - b.revision;

function ageText(seconds) {
  if (!Number.isFinite(seconds)) return '';
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min`;
  if (s < 2 * 86400) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} days`;
}
const milliseconds = (ms) => (ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`);

// A time that the agents wrote, and how long ago that was by the agent's own clock, which the page goes on counting.
let clockAhead = 0; // the agent's clock less ours, ms
const secondsSince = (time) => (Date.now() + clockAhead - Date.parse(time)) / 1000;
const time = (text) => h('time', {datetime: text, title: text}, ago(text));
function ago(text) {
  const age = ageText(secondsSince(text));
  return age ? `${age} ago` : text || '';
}
function tickTimes() {
  for (const element of document.querySelectorAll('time')) {
    const text = ago(element.getAttribute('datetime'));
    if (element.textContent !== text) element.textContent = text;
  }
}

// ---- What the agent says by itself -------------------------------------------------------------

let now = null; // the last status: {version, health, cluster, error}
let isNow = false; // false: the agent has said nothing since the connection was lost
let cluster = null; // the last one that could be read
let clusterAt = null; // by the agent's clock
let heardAt = 0;
let source = null;

function connect() {
  if (source) source.close();
  source = new EventSource('/v1/stream');
  source.addEventListener('status', (event) => {
    heardAt = Date.now();
    take(JSON.parse(event.data));
  });
  source.addEventListener('beat', (event) => {
    heardAt = Date.now();
    clockAhead = Date.parse(event.data) - heardAt;
  });
  source.addEventListener('open', () => { heardAt = Date.now(); });
}

function take(status) {
  now = status;
  isNow = true;
  clockAhead = Date.parse(status.now) - Date.now();
  if (status.cluster) {
    cluster = status.cluster;
    clusterAt = status.now;
  } else if (status.last_cluster) {
    cluster = status.last_cluster;
    clusterAt = status.last_cluster_at;
  }
  show();
  watchConnection();
  refreshDetails();
}

// A browser gives a connection up only when it is told of its end; an agent that hangs says nothing.
const kSilentAfter = 40000;
function watchConnection() {
  const silent = Date.now() - heardAt;
  const lost = !source || source.readyState !== EventSource.OPEN || silent > kSilentAfter;
  let text = 'Live';
  if (!now) text = 'Waiting for this agent…';
  else if (lost) text = `No connection to this agent for ${ageText(silent / 1000)}. What you see is that old.`;
  if ($('connection').textContent !== text) $('connection').textContent = text;
  $('connection').className = now && lost ? 'lost' : 'dim';
  if (now && lost && isNow) {
    isNow = false;
    showVerdict();
  }
  if (source && (source.readyState === EventSource.CLOSED || silent > kSilentAfter)) {
    heardAt = Math.max(heardAt, Date.now() - kSilentAfter + 5000); // tries again every 5 s
    if (source.readyState !== EventSource.CONNECTING) connect();
  }
}

const condition = (word) => h('strong', {class: word}, word);

// What was said before the connection was lost is no verdict on now, and nothing of it stays green.
function showVerdict() {
  const {Status, Message, Cluster} = now.health;
  const word = isNow ? Status : 'unknown';
  const message = Message === 'OK' ? '' : Message;
  document.title = `${word} · ${Cluster.Id} · Chorale`;
  $('main').className = isNow ? '' : 'old';
  draw('verdict', [word, Status, message], () => (isNow
    ? [condition(word), message && ` ${message}`]
    : [condition(word), `, was ${Status}`, message && `: ${message}`]).filter(Boolean));
}

function show() {
  const health = now.health;
  $('main').hidden = false;
  draw('who', health.Cluster.Id, () => `on ${health.Cluster.Id}`);
  showVerdict();
  $('version').textContent = `chorale ${now.version}`;
  const list = attention();
  $('attention').hidden = list.length === 0;
  draw('attention-list', list, () => list.map(({word, text, since, todo, down}) =>
    h('li', {class: down ? 'down' : null}, h('b', {}, word), text, since ? [' (since ', time(since), ')'] : '',
      todo ? `${!since && text.endsWith('.') ? '' : '.'} ${todo}` : '')));
  showAge();
  showCluster();
  showAgents();
  showHere(health);
  tickTimes();
}

function showHere(health) {
  draw('here', [health.Nginx, health.ZooKeeper, health.Endpoints, health.Warnings], () => {
    const list = h('dl', {class: 'facts'});
    const fact = (name, part) => list.append(h('dt', {}, name),
      h('dd', {class: part.Healthy ? '' : 'down'}, part.Message));
    fact('Nginx', health.Nginx.Healthy ? {...health.Nginx, Message: 'runs'} : health.Nginx);
    fact('ZooKeeper', health.ZooKeeper);
    for (const one of health.Endpoints || []) fact(one.Endpoint, one);
    for (const warning of health.Warnings || []) {
      if (!warning.startsWith(kNginxWarns)) list.append(h('dt', {}, 'Note'), h('dd', {}, warning));
    }
    return list;
  });
}

// What is wrong, the worst first; each with what helps. A warning that stands for ever is none of it.
const kNginxWarns = 'Nginx warns: ';
const kWorst = new Set(['NO LEADER', 'BLOCKED', 'HELD BACK', 'DOWN', 'MISSING']);
function attention() {
  const health = now.health;
  const list = [];
  const add = (word, text, more) => list.push({word, text, ...more});
  const problems = clusterProblems();
  if (health.Status === 'down' && !problems.some(isAboutTrafficHere)) {
    add('DOWN', health.Message, {down: true, todo: downTodo(health)});
  }
  if (!now.cluster) {
    const stale = clusterAt ? ' What is shown of the other proxies is from before' : '';
    add('ZOOKEEPER', `cannot be read by this agent: ${now.error}.${stale}`, {since: clusterAt, down: true,
      todo: 'Routes stay as they are; changes go on when a majority of ZooKeeper is there again.'});
  }
  for (const problem of problems) {
    add(problem.kind, problem.text, {since: problem.since, todo: problem.next, down: kWorst.has(problem.kind)});
  }
  for (const endpoint of health.Endpoints || []) {
    if (!endpoint.Healthy) add('MARATHON', `${endpoint.Endpoint}: ${endpoint.Message}`);
  }
  if (!health.Template.Healthy) add('TEMPLATE', health.Template.Message);
  for (const warning of health.Warnings || []) if (warning.startsWith(kNginxWarns)) add('WARNING', warning);
  return list;
}

// What the list for the whole cluster says of this proxy is old where the list is: its agent's own word is not.
function clusterProblems() {
  const problems = (cluster && cluster.problems) || [];
  return now.cluster ? problems : problems.filter((problem) => !(isAboutTrafficHere(problem) || isHere('LAGGING', ':', problem)));
}
const isHere = (kind, next, problem) => problem.kind === kind && problem.text.startsWith(`${now.health.Cluster.Id}${next} `);
// Either says why the balancer is to send nothing to this proxy.
const isAboutTrafficHere = (problem) => isHere('DOWN', ':', problem) || isHere('DRAINED', '', problem);

function downTodo(health) {
  if (health.Drained) return 'On this proxy: chorale undrain.';
  return health.Nginx.Healthy ? 'See journalctl -u chorale on this proxy.' : 'On this proxy: systemctl start nginx.';
}

// Beside what is of the cluster, while it cannot be read.
function showAge() {
  const isOld = !now.cluster && cluster !== null;
  for (const id of ['cluster-age', 'agents-age']) {
    draw(id, isOld && clusterAt, () => (isOld ? ['Read ', time(clusterAt), '; ZooKeeper cannot be read now.'] : []));
  }
  $('agents').classList.toggle('old', isOld);
}

function showCluster() {
  if (!cluster) return draw('cluster', null, () => h('p', {}, 'Nothing is known of the cluster yet.'));
  const state = cluster.state;
  const latest = (revisions || [])[0];
  draw('cluster', [state, cluster.tree, latest, cluster.template], () => {
    const list = h('dl', {class: 'facts'});
    const fact = (name, ...value) => list.append(h('dt', {}, name), h('dd', {}, ...value));
    const header = state.committed;
    if (!header) {
      fact('Revision', 'nothing yet');
    } else {
      fact('Revision', h('strong', {}, revisionOf(header)), ' ', h('code', {title: header.digest}, short(header.digest)),
        ', ', time(header.created_at));
      fact('Because of', header.cause || 'not said');
      fact('Routes', `${plural(header.apps, 'app')}, ${plural(header.servers, 'server')}`,
        header.quarantined > 0 ? `, ${header.quarantined} quarantined` : '');
      if (latest && compare(latest, header) === 0) fact('Changed', ...changeText(latest));
    }
    if (state.proposed) fact('Being tested', revisionOf(state.proposed));
    templateFacts(fact);
    fact('Leader', h('span', {class: 'id'}, state.leader || 'none'), `, epoch ${state.epoch}`);
    return list;
  });
}

// What an operator pushed; where nothing is, each agent's own file rules.
function templateFacts(fact) {
  const {pushed, trial} = cluster.template || {};
  const head = (one) => ['pushed ', h('code', {title: one.digest}, short(one.digest)), ` by ${one.by}, `, time(one.at), ': '];
  if (pushed) {
    fact('Template', ...head(pushed),
      pushed.in_use ? 'in use instead of each proxy’s own file' : 'not in use yet, the last good one is');
  }
  if (trial) {
    const ids = trial.on.join(', ');
    fact('On trial', ...head(trial), trial.in_use ? 'in use on ' : 'not in use on ', h('span', {class: 'id'}, ids),
      ...(trial.in_use ? [' alone. For all: ', h('code', {}, 'chorale template push'), '; to end it: '] : ['. To take it back: ']),
      h('code', {}, 'chorale template rollback'));
  }
}

// Of one agent: that it tries a template, or that its file is not what is in use.
function templateNote(agent) {
  const {digest, trial, differing} = cluster.template || {};
  if (trial && trial.in_use && trial.on.includes(agent.id)) return `on trial here: template ${short(trial.digest)}`;
  if ((differing || []).includes(agent.id)) {
    return `its template file, ${short(agent.template_digest)}, is not what is in use, ${short(digest)}`;
  }
  return '';
}

function showAgents() {
  if (!cluster) return;
  const committed = cluster.state.committed;
  draw('agents', [cluster.agents, committed, cluster.template], () => {
    const head = $('agents').querySelector('thead');
    const body = h('tbody');
    for (const agent of cluster.agents) body.append(agentRow(agent, committed));
    return [head, body];
  });
}

function agentRow(agent, committed) {
  const serves = agent.apply === false ? agent.shadow : agent.applied;
  const cell = (name, ...children) => h('td', {'data-name': name}, ...children);
  const link = /^[^/?#@\s]+:\d+$/.test(agent.admin || '') ? `http://${agent.admin}/` : null;
  const self = agent.id === now.health.Cluster.Id;
  const note = templateNote(agent);
  let role = agent.role;
  if (agent.apply === false) role = 'observer';
  if (agent.lead === false && role === 'follower') role = 'follower, never leads';
  return h('tr', {},
    h('th', {scope: 'row', class: 'id'}, link && !self ? h('a', {href: link, rel: 'noreferrer'}, agent.id) : agent.id,
      self ? h('span', {class: 'dim'}, ' (this one)') : '',
      agent.host && agent.host !== agent.id ? h('span', {class: 'message'}, agent.host) : ''),
    cell('Status', condition(agent.status), agent.message === 'OK' ? '' : h('span', {class: 'message'}, agent.message),
      note ? h('span', {class: 'message'}, note) : ''),
    cell('Nginx', agent.nginx ? h('span', {class: agent.nginx === 'down' ? 'down' : null}, agent.nginx) : 'not said'),
    cell('Serves', revisionOf(serves), ' ', h('code', {title: serves ? serves.digest : null}, short(serves && serves.digest))),
    cell('Behind', h('span', {class: isLagging(agent, serves, committed) ? 'degraded' : null}, lagText(agent, serves, committed))),
    cell('Role', role),
    cell('Version', agent.version));
}

// Each agent is behind for a moment after every commit; one that is well comes by itself.
function isLagging(agent, serves, committed) {
  return committed && agent.status !== 'ok' && !(serves && compare(serves, committed) >= 0);
}

function lagText(agent, serves, committed) {
  if (agent.apply !== false && agent.nginx === 'down') return 'serves nothing: its Nginx is down';
  if (!committed) return 'nothing to serve yet';
  if (!serves) return 'serves nothing of it';
  if (compare(serves, committed) >= 0) return 'up to date';
  const revisions = committed.epoch === serves.epoch ? plural(committed.revision - serves.revision, 'revision') : 'behind';
  return [revisions, ', ', time(committed.created_at)];
}

// ---- What only loopback or a bearer of the token may see ---------------------------------------

const kMostApps = 200; // drawn at once
let token = sessionStorage.getItem('chorale token') || '';
let access = 'unknown'; // 'yes', 'token', 'no'
let revisions = null;
let routes = null;
let conflicts = []; // of these routes
let detailsOf = null; // the revision that they were read for
let reading = false;
let staleReads = 0; // of the routes, one after the other

async function ask(path) {
  const headers = token ? {Authorization: `Bearer ${token}`} : {};
  const response = await fetch(path, {headers, cache: 'no-store'});
  if (response.status === 401) access = 'token';
  else if (response.status === 403) access = 'no';
  else if (response.ok) access = 'yes';
  if (!response.ok) throw new Error((await response.text()).trim().slice(0, 300) || `HTTP ${response.status}`);
  return response.json();
}

// After each change of what is committed or served here, and when ZooKeeper comes back; one after the other, and not more often than this.
const kDetailsPause = 3000;
const kMostStaleReads = 5;
let detailsAt = 0;
let detailsTimer = null;

function detailsKey() {
  const serves = now.health.Cluster;
  return JSON.stringify([now.cluster !== null, cluster && cluster.state.committed, serves.Epoch, serves.Applied, token]);
}

function refreshDetails(again) {
  if (!again && (document.hidden || detailsKey() === detailsOf || access === 'no' || access === 'token')) return;
  if (reading || detailsTimer) return;
  detailsTimer = setTimeout(async () => {
    detailsTimer = null;
    await readDetails();
    refreshDetails(); // it may have changed meanwhile
  }, Math.max(0, again ? 0 : detailsAt + kDetailsPause - Date.now()));
}

async function readDetails() {
  reading = true;
  const key = detailsKey();
  const [history, served] = await Promise.allSettled([ask('/v1/history'), ask('/v1/routes')]);
  reading = false;
  detailsAt = Date.now();
  // An agent knows what it has applied a moment before it has read the routes of it; an observer serves none.
  const {Applied} = now.health.Cluster;
  const isStale = served.status === 'fulfilled' && Applied > 0 && !`${served.value.applied.revision}`.endsWith(`.${Applied}`);
  const again = isStale && ++staleReads < kMostStaleReads;
  if (!again) staleReads = 0;
  detailsOf = again ? null : key;
  if (history.status === 'fulfilled') revisions = history.value;
  if (served.status === 'fulfilled') takeRoutes(served.value);
  showDetails(served.status === 'rejected' ? served.reason.message : '');
  // Who has applied it is written to the history a little later.
  if (revisions) setTimeout(readHistory, kDetailsPause);
}

function takeRoutes(served) {
  routes = served.routes || {apps: []};
  conflicts = served.conflicts || [];
}

async function readHistory() {
  try {
    revisions = await ask('/v1/history');
    showHistory();
    showCluster();
  } catch (error) { // the next change asks again
  }
}

function showDetails(error) {
  $('login').hidden = access !== 'token';
  $('apps-tools').hidden = !routes;
  $('apps-note').textContent = routes ? '' : {
    token: token ? 'That is not the admin token.' : 'Apps and history are shown to this host itself and to who has the admin token.',
    no: 'Apps and history are shown to this host itself alone; with admin_token_file set, to who has the token.',
  }[access] || error;
  showHistory();
  showCluster();
  showConflicts();
  showApps();
}

function names(sign, list) {
  return (list || []).map((name) => h('span', {class: `id ${sign === '+' ? 'added' : sign === '-' ? 'removed' : ''}`},
    ` ${sign === '~' ? '' : sign}${name}`));
}

function changeText(entry) {
  const apps = entry.apps || {};
  const servers = entry.servers || {};
  const parts = [...names('+', apps.added), ...names('-', apps.removed), ...names('~', apps.changed)];
  const count = [servers.added ? `+${servers.added}` : '', servers.removed ? `-${servers.removed}` : ''].filter(Boolean);
  if (count.length) parts.push(` ${count.join(' ')} ${servers.added + servers.removed === 1 ? 'server' : 'servers'}`);
  return parts.length ? parts : [entry.what || 'the same routes'];
}

function showHistory() {
  $('history-legend').hidden = !revisions || !revisions.length;
  draw('history', [revisions, access], () => {
    if (!revisions) return h('p', {class: 'dim'}, access === 'yes' ? 'It cannot be read now.' : 'Not shown.');
    if (!revisions.length) return h('p', {class: 'dim'}, 'None yet.');
    const longest = Math.max(1000, ...revisions.map((entry) => total(entry)));
    return h('ol', {}, revisions.slice(0, 20).map((entry) => h('li', {},
      h('div', {class: 'line'}, h('strong', {}, revisionOf(entry)), h('span', {}, ...changeText(entry)),
        h('span', {class: 'dim right'}, time(entry.at))),
      h('div', {class: 'dim'}, entry.cause || '', byText(entry), votesText(entry.votes)),
      bars(entry, longest))));
  });
}

// The cause of a hold names who it was already.
function byText({cause, by}) {
  const words = ` by ${by}`;
  const isSaid = ['', ' ', ':', ';', ','].some((end) => (end ? cause.includes(words + end) : cause.endsWith(words)));
  return by && !isSaid ? words : '';
}

// The time to commit has that of the tests in it.
function phases({ms}) {
  const {render = 0, stage = 0, commit = 0, all_applied = null} = ms || {};
  return [['render', 'rendered', render], ['stage', 'tested', stage], ['commit', 'committed', Math.max(0, commit - stage)],
    ['applied', 'served by all', all_applied]];
}
const total = (entry) => phases(entry).reduce((sum, [, , ms]) => sum + (ms || 0), 0);

// 20 ms and 5 s are both to be read: a bar is as long as the logarithm of the whole time, its parts are shares of that.
const kShortest = 10; // ms
const lengthOf = (ms, longest) => Math.max(1, (100 * Math.log(ms / kShortest)) / Math.log(longest / kShortest));

function bars(entry, longest) {
  const all = total(entry);
  if (all <= 0) return '';
  const text = phases(entry).map(([, word, ms]) => (ms === null ? `not ${word} yet` : `${word} in ${milliseconds(ms)}`)).join(', ');
  const bar = h('div', {class: 'bars', role: 'img', 'aria-label': text, title: text}, phases(entry).map(([name, , ms]) => {
    const part = h('span', {class: `bar ${name}`});
    part.style.width = `${(lengthOf(all, longest) * (ms || 0)) / all}%`;
    return part;
  }));
  const isOnAll = phases(entry).every(([, , ms]) => ms !== null);
  return h('div', {class: 'timing'}, bar, h('span', {class: 'took dim'}, milliseconds(all), isOnAll ? '' : ', not on all'));
}

function votesText(votes) {
  if (!votes || !Object.values(votes).some((count) => count > 0)) return ''; // the next leader wrote it down
  const bad = ['nack', 'unable', 'silent'].filter((word) => votes[word] > 0).map((word) => `${votes[word]} ${word}`);
  return ` · tested by ${votes.ack}${bad.length ? `, ${bad.join(', ')}` : ''}`;
}

const serversOf = (app) => app.ports.flatMap((port) => port.servers);

// `lost`: the hosts that it wants and another app has.
function matches(app, wanted, lost) {
  if (!wanted) return true;
  const texts = [app.id, app.path, ...(app.hosts || []), ...lost, ...serversOf(app).map((server) => server.address)];
  return texts.some((text) => (text || '').toLowerCase().includes(wanted));
}

// The app that the search names, as `chorale explain` takes it; '' where that is none.
function namedApp() {
  const text = $('search').value.trim().replace(/\/+$/, '');
  return text && !text.startsWith('/') ? `/${text}` : text;
}

// What several apps want and one of them has.
const kMostConflicts = 50; // drawn at once, and kMostLosers of each
const kMostLosers = 20;
function showConflicts() {
  $('conflicts-section').hidden = !routes;
  $('conflicts').hidden = conflicts.length === 0;
  $('conflicts-note').textContent = conflicts.length
    ? 'An app that has a host or a service port keeps it. The others are served without it: give them another one.'
    : 'No two apps want the same host or service port.';
  const more = conflicts.length - kMostConflicts;
  $('conflicts-more').textContent = more > 0 ? `${more} more: /v1/routes has all.` : '';
  const shown = conflicts.slice(0, kMostConflicts);
  draw('conflicts', shown, () => [$('conflicts').querySelector('thead'), h('tbody', {}, shown.map(conflictRow))]);
}

function conflictRow({host, service_port, protocol, owner, losers}) {
  const more = losers.length - kMostLosers;
  return h('tr', {},
    h('th', {scope: 'row', class: 'id'}, host || `service port ${service_port} (${protocol})`),
    h('td', {'data-name': 'Has it'}, appButton(owner)),
    h('td', {'data-name': 'Without it'}, losers.slice(0, kMostLosers).flatMap((id, i) => [i ? ', ' : '', appButton(id)]),
      more > 0 ? ` and ${more} more` : ''));
}

const appButton = (id) => h('button', {type: 'button', class: 'id', onclick: () => explain(id)}, id);

// Why an app is not routed is asked most often, and such an app is in no list.
function offerOther(all) {
  const id = namedApp();
  const button = $('explain-other');
  button.hidden = !id || all.some((app) => app.id === id);
  button.textContent = `Explain ${id}`;
}

function showApps() {
  const all = (routes && routes.apps) || [];
  const wanted = $('search').value.trim().toLowerCase();
  const lost = new Map();
  for (const {host, losers} of conflicts) for (const id of losers) lost.set(id, [...(lost.get(id) || []), host]);
  const found = all.filter((app) => matches(app, wanted, lost.get(app.id) || []));
  offerOther(all);
  const shown = found.slice(0, kMostApps);
  $('found').textContent = routes ? (wanted ? `${found.length} of ${plural(all.length, 'app')}` : plural(all.length, 'app')) : '';
  $('more').textContent = found.length > shown.length ? `${found.length - shown.length} more: search for them.` : '';
  draw('apps', shown, () => shown.map((app) => {
    const servers = serversOf(app);
    const unknown = servers.filter((server) => server.health !== 'alive').length;
    return h('li', {}, h('div', {class: 'line'},
      appButton(app.id),
      h('span', {class: 'id dim'}, (app.hosts || []).join(' ')),
      h('span', {class: 'right'}, plural(servers.length, 'server'),
        unknown ? h('span', {class: 'dim'}, unknown === servers.length ? ', health unknown' : `, ${unknown} of unknown health`) : '')));
  }));
}

// As `chorale explain` says it.
function explanation(answer) {
  const served = answer.routed && !answer.not_here;
  const parts = [h('p', {}, h('strong', {class: served ? 'ok' : 'down'}, answer.verdict))];
  const section = (name, items) => {
    const list = items.filter(Boolean);
    if (list.length) parts.push(h('h3', {}, name), h('ul', {}, list.map((item) => h('li', {}, item))));
  };
  section('What to do', answer.next);
  section(served ? 'Reached at' : 'Would be reached at', answer.urls.length ? answer.urls : [answer.path, ...answer.hosts]);
  section('Withheld', answer.withheld.map((one) => [h('b', {}, one.kind), ` ${one.text}`]));
  section('Not committed yet', answer.pending);
  section('Quarantined', [answer.quarantined && answer.quarantined.reason]);
  section('Other apps have its hosts', answer.conflicts.map((one) => `${one.host}: ${one.owner}`));
  section('Served', [...answer.reduced, ...answer.shown_with.map((id) => `as one with ${id}`)]);
  section('Tasks', answer.tasks.map((task) => [h('span', {class: 'id'}, task.id), ' on ', h('span', {class: 'id'}, task.host),
    ` ${task.state || ''} `, h('span', {class: task.serves ? 'ok' : 'dim'}, task.serves ? 'serves' : 'does not serve'),
    task.reason ? `: ${task.reason}` : '']));
  section('Notes', answer.notes);
  return parts;
}

async function explain(id) {
  $('explain-title').textContent = id;
  $('explain-text').replaceChildren('Asking…');
  $('explain').showModal();
  try {
    const answer = await ask(`/v1/explain?app=${encodeURIComponent(id)}`);
    $('explain-text').replaceChildren(...explanation(answer));
  } catch (error) {
    $('explain-text').replaceChildren(h('p', {class: 'lost'}, error.message));
  }
}

$('search').addEventListener('input', showApps);
$('apps-tools').addEventListener('submit', (event) => {
  event.preventDefault();
  if (namedApp()) explain(namedApp());
});
$('login').addEventListener('submit', (event) => {
  event.preventDefault();
  token = $('token').value;
  $('token').value = '';
  sessionStorage.setItem('chorale token', token);
  refreshDetails(true);
});
document.addEventListener('visibilitychange', () => { if (now) refreshDetails(); });

heardAt = Date.now();
connect();
setInterval(() => {
  watchConnection();
  tickTimes();
}, 1000);
