"""Databases as the original system makes them, for tests of the import: its schema as
facts, and rows as its core/memory.py writes them (local times without a zone in
`timestamp`, SQLite's UTC in `created_at`)."""

import datetime
import sqlite3

SCHEMA = {
    "decisions": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, agent TEXT NOT NULL,"
                 " decision_type TEXT NOT NULL, question TEXT NOT NULL, decision TEXT NOT NULL,"
                 " reasoning TEXT, outcome TEXT, tokens_used INTEGER, cost REAL,"
                 " created_at TEXT DEFAULT CURRENT_TIMESTAMP",
    "agents": "id TEXT PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, department TEXT,"
              " status TEXT NOT NULL, deployed_at TEXT NOT NULL, token_budget INTEGER,"
              " tokens_used INTEGER DEFAULT 0, total_cost REAL DEFAULT 0.0,"
              " revenue_generated REAL DEFAULT 0.0, roi REAL DEFAULT 0.0, config TEXT,"
              " last_active TEXT",
    "costs": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, agent_id TEXT,"
             " agent_name TEXT, department TEXT, model TEXT NOT NULL, operation TEXT NOT NULL,"
             " input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER,"
             " cost REAL NOT NULL, request_data TEXT, created_at TEXT DEFAULT CURRENT_TIMESTAMP,"
             " FOREIGN KEY (agent_id) REFERENCES agents(id)",
    "revenue": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL, source TEXT NOT NULL,"
               " agent_id TEXT, department TEXT, amount REAL NOT NULL, description TEXT,"
               " created_at TEXT DEFAULT CURRENT_TIMESTAMP,"
               " FOREIGN KEY (agent_id) REFERENCES agents(id)",
    "opportunities": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL,"
                     " title TEXT NOT NULL, description TEXT NOT NULL, source TEXT NOT NULL,"
                     " market_size TEXT, competitive_analysis TEXT, status TEXT NOT NULL,"
                     " assigned_to TEXT, priority INTEGER, potential_revenue REAL,"
                     " confidence_score REAL, created_at TEXT DEFAULT CURRENT_TIMESTAMP",
    "council_sessions": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL,"
                        " question TEXT NOT NULL, thiel_analysis TEXT, musk_analysis TEXT,"
                        " graham_analysis TEXT, taleb_analysis TEXT, consensus TEXT,"
                        " action_items TEXT, dissents TEXT, tokens_used INTEGER, cost REAL,"
                        " created_at TEXT DEFAULT CURRENT_TIMESTAMP",
    "system_metrics": "id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp TEXT NOT NULL,"
                      " metric_name TEXT NOT NULL, metric_value REAL NOT NULL, metadata TEXT,"
                      " created_at TEXT DEFAULT CURRENT_TIMESTAMP",
}
ZONE = datetime.timezone(datetime.timedelta(hours=-6))
START = datetime.datetime(2025, 11, 18, 16, 15, 0, 123456, tzinfo=datetime.timezone.utc)


def stamps(when):
    """What the original writes at that moment on a machine in ZONE."""
    local = when.astimezone(ZONE).replace(tzinfo=None)
    return local.isoformat(), when.strftime("%Y-%m-%d %H:%M:%S")


class Database:
    def __init__(self, path, without=()):
        self.db = sqlite3.connect(path)
        for name, columns in SCHEMA.items():
            if name not in without:
                self.db.execute(f"CREATE TABLE {name} ({columns})")
        self.db.commit()
        self.when = START

    def add(self, table, when=None, **values):
        """One row at `when`, else a minute after the one before; None: no times at all."""
        self.when += datetime.timedelta(minutes=1)
        if table == "agents":
            values.setdefault("deployed_at", stamps(when or self.when)[0])
        else:
            stamp, created = stamps(when or self.when)
            values.setdefault("timestamp", stamp)
            values.setdefault("created_at", created)
        names = ", ".join(values)
        self.db.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))})",
                        list(values.values()))

    def agent(self, agent_id, department="sales", cost=0.0, revenue=0.0, **more):
        self.add("agents", id=agent_id, name=more.pop("name", agent_id.title()), type="worker",
                 department=department, status="active", total_cost=cost,
                 revenue_generated=revenue, **more)

    def cost(self, agent_id, cost, **more):
        self.add("costs", agent_id=agent_id, cost=cost, **{
            "agent_name": None, "department": "sales", "model": "claude-sonnet-4-5-20250929",
            "operation": "analysis", "input_tokens": 100, "output_tokens": 20, **more})

    def revenue(self, agent_id, amount, **more):
        self.add("revenue", agent_id=agent_id, amount=amount,
                 **{"source": "stripe", "department": "sales", **more})

    def close(self):
        self.db.commit()
        self.db.close()


def typical(path):
    """A small business: 3 agents, the board, a council. Returns sums by agent as decimals."""
    d = Database(path)
    d.agent("board_ceo", "board", name="CEO Agent", cost=0.02)
    d.agent("email_1a2b3c4d", "sales", cost=0.3, revenue=49.0)
    d.agent("dds_dentists_austin,_tx_20251118", "sales", cost=1.5, revenue=200.0)
    d.cost("board_ceo", 0.02, department="board", operation="CEO_analysis")
    d.cost("email_1a2b3c4d", 0.1)
    d.cost("email_1a2b3c4d", 0.2)
    d.cost("dds_dentists_austin,_tx_20251118", 1.5, model="outscraper", operation="dds_prospecting")
    d.cost("council_thiel", 0.004515, agent_name="Thiel Avatar", department="research")
    d.cost(None, 0.25, agent_name=None)
    d.revenue("email_1a2b3c4d", 49.0)
    d.revenue("dds_dentists_austin,_tx_20251118", 100.0, source="dds_campaign")
    d.add("decisions", agent="CEO", decision_type="opportunity_evaluation",
          question="Sell \"more\"?", decision="GO", reasoning="why\nnot", tokens_used=120, cost=0.02)
    d.add("council_sessions", question="What next?", thiel_analysis="a", musk_analysis="b",
          graham_analysis="c", taleb_analysis="d", consensus="e", action_items='["f"]',
          tokens_used=9, cost=0.004515)
    d.add("opportunities", title="Dentists", description="many", source="maps",
          status="identified", priority=3)
    d.add("system_metrics", metric_name="dds_campaign_prospecting", metric_value=50.0,
          metadata='{"leads": 50}')
    d.close()
