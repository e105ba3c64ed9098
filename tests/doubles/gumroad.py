"""Gumroad's API v2 as its own server does it (antiwork/gumroad): HTTP 200 with `success`
false, ids that end in ==, pages of 10 by page_key, whole days, refunds that show only in the
sale, licences that count a use unless they are told not to. The test owns the state and may
lose an answer after the act."""

import base64
import datetime
import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "geheim-token"
PAGE = 10


def day(ago=0):
    at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=ago)
    return at.strftime("%Y-%m-%d")


def ext_id(n):
    return base64.urlsafe_b64encode(f"{n:013d}".encode()).decode()


class Gumroad:
    def __init__(self):
        self.lock = threading.RLock()
        self.sales = []     # oldest first
        self.products = [{"id": ext_id(1), "name": "Pencil", "currency": "usd", "published": True,
                          "sales_usd_cents": "1000", "sales_count": "1"}]
        self.subscribers = [{"id": ext_id(900 + i), "user_email": f"s{i}@example.com"}
                            for i in range(3)]
        self.licences = {"KEY-1": {"uses": 0, "disabled": False}}
        self.subscriptions = []
        self.asked = []         # (method, path, query, form)
        self.lose = set()       # "refund", "subscribe": act, then drop the connection
        self.fail = {}          # path -> list of (status, object, headers), used up in order
        self.stuck_page_key = False
        self.refunds_made = 0
        self.at = 0
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def serve(self):
                server.serve(self)

            do_GET = do_POST = do_PUT = do_DELETE = serve

            def log_message(self, *args):
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, client_address):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v2"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    # ---- state ----

    def sell(self, ago=0, price=1000, fee=60, listed=True, **more):
        with self.lock:
            n = len(self.sales) + 1
            sale = {"id": ext_id(1000 + n), "order_id": 500000 + n, "price": price,
                    "gumroad_fee": fee, "created_at": f"{day(ago)}T00:00:{n % 60:02d}Z",
                    "product_id": ext_id(1), "product_permalink": "pencil",
                    "currency_symbol": "$", "refunded": False, "partially_refunded": False,
                    "amount_refundable_in_currency": f"{price / 100:.2f}",
                    "chargedback": False, "disputed": False, "dispute_won": False,
                    "email": f"buyer{n}@example.com", "paid": price != 0}
            sale.update(more)
            sale["_listed"] = listed
            self.sales.append(sale)
            return sale

    def give_back(self, sale, cents=None):
        with self.lock:
            left = round(float(sale["amount_refundable_in_currency"].replace(",", "")) * 100)
            left -= left if cents is None else cents
            sale["refunded"] = left == 0
            sale["partially_refunded"] = left != 0
            sale["amount_refundable_in_currency"] = f"{left / 100:.2f}"

    # ---- requests ----

    def answer(self, handler, status, body, headers=None):
        text = json.dumps(body).encode()
        handler.send_response(status)
        for name, value in (headers or {}).items():
            handler.send_header(name, value)
        handler.send_header("Content-Type", "application/json; charset=utf-8")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    def serve(self, handler):
        size = int(handler.headers.get("Content-Length") or 0)
        body = handler.rfile.read(size).decode()
        url = urlsplit(handler.path)
        query = {k: v[0] for k, v in parse_qs(url.query, keep_blank_values=True).items()}
        form = {k: v[0] for k, v in parse_qs(body, keep_blank_values=True).items()}
        path = [unquote(p) for p in url.path.split("/")[2:]]
        with self.lock:
            self.asked.append((handler.command, "/".join(path), query, form))
            planned = self.fail.get(path[0])
            if planned:
                self.answer(handler, *planned.pop(0))
                return
            if handler.headers.get("Authorization") != f"Bearer {TOKEN}" and \
                    path != ["licenses", "verify"]:
                self.answer(handler, 401, {"error": "The access token is invalid"})
                return
            act, status, answer = self.act(handler.command, path, query, form)
            if act in self.lose:
                self.lose.discard(act)
                handler.close_connection = True
                handler.connection.shutdown(socket.SHUT_RDWR)
                return
            self.answer(handler, status, answer)

    def act(self, method, path, query, form):
        what = {"sales": self.act_sales, "products": self.act_products,
                "licenses": self.act_licences, "subscribers": self.act_subscribers,
                "resource_subscriptions": self.act_subscriptions}.get(path[0])
        if not what:
            return "", 404, {"status": 404, "error": "Not found"}
        return what(method, path[1:], query, form)

    @staticmethod
    def show(sale):
        return {k: v for k, v in sale.items() if not k.startswith("_")}

    def act_sales(self, method, path, query, form):
        if method == "GET" and not path:
            return self.list_sales(query)
        sale = next((s for s in self.sales if path and s["id"] == path[0]), None)
        if not sale:
            return "", 200, {"success": False, "message": "The sale was not found."}
        if method == "PUT" and path[1:] == ["refund"]:
            if sale["refunded"]:
                return "", 200, {"success": False, "message": "Purchase is already refunded."}
            self.give_back(sale, int(form["amount_cents"]) if "amount_cents" in form else None)
            self.refunds_made += 1
            return "refund", 200, {"success": True, "sale": self.show(sale)}
        return "", 200, {"success": True, "sale": self.show(sale)}

    def list_sales(self, query):
        rows = [s for s in reversed(self.sales) if s["_listed"]]
        for edge in ("after", "before"):
            if edge in query and len(query[edge]) != 10:
                return "", 400, {"status": 400, "error": f"Invalid date in '{edge}'."}
        rows = [s for s in rows if s["created_at"][:10] >= query.get("after", "")]
        if "before" in query:
            rows = [s for s in rows if s["created_at"][:10] < query["before"]]
        for field in ("product_id", "email"):
            if field in query:
                rows = [s for s in rows if s[field] == query[field]]
        if "order_id" in query:
            rows = [s for s in rows if str(s["order_id"]) == query["order_id"]]
        if "page_key" in query:
            if "-" not in query["page_key"]:
                return "", 400, {"status": 400, "error": "Invalid page_key."}
            last = int(query["page_key"].split("-")[1])
            rows = [s for s in rows if s["order_id"] < last]
        answer = {"success": True, "sales": [self.show(s) for s in rows[:PAGE]]}
        if len(rows) > PAGE:
            last = 999999 if self.stuck_page_key else rows[PAGE - 1]["order_id"]
            answer["next_page_key"] = f"20261120081040000000-{last}"
            answer["next_page_url"] = f"/v2/sales?page_key={answer['next_page_key']}"
        return "list", 200, answer

    def act_products(self, method, path, _query, _form):
        if not path:
            return "", 200, {"success": True, "products": self.products}
        product = next((p for p in self.products if p["id"] == path[0]), None)
        if not product:
            return "", 200, {"success": False, "message": "The product was not found."}
        if path[1:] == ["subscribers"]:
            return self.list_subscribers(_query)
        if method == "PUT" and path[1:] in (["enable"], ["disable"]):
            product["published"] = path[1] == "enable"
        return "", 200, {"success": True, "product": product}

    def list_subscribers(self, query):
        if "paginated" not in query:
            return "", 200, {"success": True, "subscribers": self.subscribers}
        at = int(query.get("page_key", "k-0").split("-")[1])
        answer = {"success": True, "subscribers": self.subscribers[at:at + 2]}
        if at + 2 < len(self.subscribers):
            answer["next_page_key"] = f"k-{at + 2}"
        return "", 200, answer

    def act_subscribers(self, _method, path, _query, _form):
        found = next((s for s in self.subscribers if path and s["id"] == path[0]), None)
        if not found:
            return "", 200, {"success": False, "message": "The subscriber was not found."}
        return "", 200, {"success": True, "subscriber": found}

    def act_licences(self, _method, path, _query, form):
        licence = self.licences.get(form.get("license_key"))
        if "product_id" not in form:
            return "", 500, {"success": False, "message": "The 'product_id' parameter is "
                             "required to verify the license for this product."}
        if not licence:
            return "", 404, {"success": False,
                             "message": "That license does not exist for the provided product."}
        if path == ["verify"]:
            if licence["disabled"]:
                return "", 404, {"success": False,
                                 "message": "This license key has been disabled."}
            if form.get("increment_uses_count") != "false":
                licence["uses"] += 1
        elif path in (["enable"], ["disable"]):
            licence["disabled"] = path[0] == "disable"
        return "verify", 200, {"success": True, "uses": licence["uses"],
                               "purchase": {"refunded": False}}

    def act_subscriptions(self, method, path, query, form):
        if method == "GET":
            return "", 200, {"success": True, "resource_subscriptions": [
                s for s in self.subscriptions if s["resource_name"] == query["resource_name"]]}
        if method == "PUT":
            if "127.0.0.1" in form["post_url"]:
                return "", 200, {"success": False,
                                 "message": f"Invalid post URL '{form['post_url']}'"}
            made = {"id": ext_id(700 + len(self.subscriptions)), **form}
            self.subscriptions.append(made)
            return "subscribe", 200, {"success": True, "resource_subscription": made}
        before = len(self.subscriptions)
        self.subscriptions = [s for s in self.subscriptions if s["id"] != path[0]]
        if len(self.subscriptions) == before:
            return "", 200, {"success": False,
                             "message": "The resource_subscription was not found."}
        return "", 200, {"success": True,
                         "message": "The resource_subscription was deleted successfully."}
