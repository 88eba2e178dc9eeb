"""IAM over REST: tokens for API keys, what a token must be, and how soon access ends (IBM Cloud IAM: "Identity services").

Failed attempts are counted by address, so each comes from an address of its own, as `Api` does by itself.
"""

import base64
import hashlib
import hmac
import json
import time

import pytest

from keystead import Keystead
from rest import Api, House, ask_for_token, refused, token, unauthorized

FORM = "urn:ibm:params:oauth:grant-type:apikey"
SECONDS = "%Y-%m-%dT%H:%M:%SZ"


def encoded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


@pytest.fixture(scope="module")
def instance(house):
    return house.instance()


@pytest.fixture(scope="module")
def api_key(house, instance):
    """Of a Reader."""
    service_id = house.service_id()
    house.grant(service_id, "Reader", instance=instance)
    return house.api_key(service_id)


def answers(server, bearer, instance):
    return Api(server, bearer, instance).ask("GET", "/keys")


def is_nobody(answer):
    refused(answer, 401, "UNAUTHORIZED_ERR")


@pytest.mark.parametrize("path", ["/identity/token", "/oidc/token"])
def test_token(server, api_key, instance, path):
    before = int(time.time())
    answer = ask_for_token(server, api_key, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].split(";")[0] == "application/json"
    body = answer.json()
    assert {"access_token", "refresh_token", "token_type", "expires_in", "expiration", "scope"} <= set(body)
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 3600)
    assert before + 3600 <= body["expiration"] <= time.time() + 3601
    header, claims, _ = body["access_token"].split(".")
    assert decoded(header)["alg"] not in ("none", None)
    claims = decoded(claims)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["exp"] == body["expiration"]
    assert claims["iam_id"].startswith("iam-ServiceId-")
    assert {"iss", "sub", "account"} <= set(claims)
    assert api_key not in answer.text
    assert answers(server, body["access_token"], instance).status_code == 200


def test_as_the_older_client_asks(server, api_key, instance):
    """keyprotect 2.x: a client's name and password beside the API key, and parameters of Cloud Foundry's."""
    form = {"grant_type": FORM, "apikey": api_key, "response_type": "cloud_iam", "uaa_client_id": "cf"}
    headers = {"Authorization": "Basic Yng6Yng=", "Accept": "application/json"}
    answer = Api(server).ask("POST", "/oidc/token", data={**form, "uaa_client_secret": ""}, headers=headers)
    assert answers(server, answer.json()["access_token"], instance).status_code == 200


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_an_api_key_is_a_bearer_too(server, api_key, instance, scheme):
    headers = {"Authorization": f"{scheme} {api_key}"}
    assert Api(server, instance=instance).ask("GET", "/keys", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"grant_type": FORM},
        {"grant_type": FORM, "apikey": ""},
        {"grant_type": FORM, "apikey": "keystead_" + "A" * 43},
        {"grant_type": FORM, "apikey": "nonsense"},
        {"grant_type": "password", "username": "u", "password": "p"},
        {"apikey": "keystead_" + "A" * 43},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/identity/token", "/oidc/token"])
def test_no_token(server, path, form):
    answer = Api(server).ask("POST", path, data=form)
    assert answer.status_code in (400, 401), answer.text
    body = answer.json()
    assert {"errorCode", "errorMessage"} <= set(body)
    if form.get("apikey") and "grant_type" in form:
        assert (answer.status_code, body["errorCode"]) == (400, "BXNIM0415E")
    assert "access_token" not in body


def test_guesses_are_slowed_down_and_nobody_is_locked_out(server, api_key, instance):
    guesser = Api(server)
    statuses = [
        guesser.ask("POST", "/identity/token", data={"grant_type": FORM, "apikey": f"guess-{number}"}).status_code
        for number in range(30)
    ]
    assert statuses[0] == 400
    assert statuses[-1] == 429
    good = guesser.ask("POST", "/identity/token", data={"grant_type": FORM, "apikey": api_key})
    assert good.status_code == 200, "a good key gets in at once"


# Forgeries: each part of a good token changed.


def signed(header, claims, key):
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{encoded(hmac.new(key, text.encode(), hashlib.sha256).digest())}"


def forgeries(good, api_key):
    header, claims, signature = good.split(".")
    facts = decoded(claims)
    later = {**facts, "exp": facts["exp"] + 36000}
    rsa = {"alg": "RS256", "typ": "JWT"}
    hs256 = {"alg": "HS256", "typ": "JWT"}
    yield "nonsense", "nonsense"
    yield "dots", ".."
    yield "no signature", f"{header}.{claims}"
    yield "empty signature", f"{header}.{claims}."
    yield "claims alone", claims
    yield "four parts", f"{good}.{signature}"
    yield "alg none", f"{encoded({'alg': 'none', 'typ': 'JWT'})}.{claims}."
    yield "alg None with the signature", f"{encoded({'alg': 'None'})}.{claims}.{signature}"
    yield "alg RS256 with the signature", f"{encoded(rsa)}.{claims}.{signature}"
    yield "alg HS256 with an empty key", signed(hs256, facts, b"")
    yield "another key", signed(hs256, facts, b"another key of thirty-two bytes.")
    yield "the API key as the key", signed(hs256, facts, api_key.encode())
    yield "a later end", f"{header}.{encoded(later)}.{signature}"
    yield "no end", f"{header}.{encoded({name: facts[name] for name in facts if name != 'exp'})}.{signature}"
    yield "another subject", f"{header}.{encoded({**facts, 'iam_id': 'iam-ServiceId-0', 'sub': '0'})}.{signature}"
    yield "signature cut", good[:-1]
    yield "signature of another", f"{header}.{claims}.{encoded(bytes(32))}"
    yield "a letter more", good + "A"
    yield "padding", good + "="
    yield "spaces inside", good.replace(".", " .")
    yield "long", good + "A" * 10_000
    for at in range(0, len(good), 41):
        other = "B" if good[at] == "A" else "A"
        yield f"letter {at}", good[:at] + other + good[at + 1 :]


def test_forged_tokens(server, api_key, instance):
    good = token(server, api_key)
    accepted = []
    for name, forged in forgeries(good, api_key):
        answer = answers(server, forged, instance)
        if answer.status_code != 401:
            accepted.append((name, answer.status_code))
        else:
            is_nobody(answer)
    assert accepted == []
    assert answers(server, good, instance).status_code == 200


@pytest.mark.parametrize("value", ["", "Bearer", "Bearer ", "Basic Yng6Yng=", "Token x", "x"])
def test_no_bearer(server, instance, value):
    is_nobody(Api(server, instance=instance).ask("GET", "/keys", headers={"Authorization": value}))


def test_no_header(server, instance):
    for method, path in [("GET", "/keys"), ("POST", "/keys"), ("GET", "/api/v1/instances"), ("POST", "/import_token")]:
        is_nobody(Api(server, instance=instance).ask(method, path))


def test_every_guarded_path_wants_a_bearer_first(server, instance):
    """Also where body, query or method would be wrong: a stranger learns nothing of them."""
    stranger = Api(server, instance=instance)
    for ask in [
        ("POST", "/keys", b"{"),
        ("GET", "/keys?limit=0", None),
        ("POST", "/keys/x/actions/wrap", b"{"),
        ("PUT", "/instance/policies", b"{"),
    ]:
        is_nobody(stranger.ask(*ask))


# How soon access ends: at once, for tokens that are out already too.


@pytest.fixture
def somebody(house, instance):
    """A service ID, and an Api that shows its token and one that shows its API key."""
    service_id = house.service_id()
    api_key = house.api_key(service_id)
    return service_id, [Api(house.server, bearer, instance) for bearer in (token(house.server, api_key), api_key)]


def test_without_a_grant_there_is_no_access(somebody):
    for api in somebody[1]:
        unauthorized(api.ask("GET", "/keys"))


def test_a_grant_counts_at_once_and_ends_at_once(house, instance, somebody):
    service_id, apis = somebody
    grant = house.grant(service_id, "Reader", instance=instance)
    assert [api.ask("GET", "/keys").status_code for api in apis] == [200, 200]
    answer = house.administrator.ask("DELETE", f"/api/v1/serviceids/{service_id}/grants/{grant}")
    assert answer.status_code == 204
    for api in apis:
        unauthorized(api.ask("GET", "/keys"))


def test_a_deleted_api_key_ends_at_once(house, instance, somebody):
    service_id, apis = somebody
    house.grant(service_id, "Reader", instance=instance)
    (api_key,) = house.listed(f"/api/v1/serviceids/{service_id}/apikeys")
    assert "apikey" not in api_key, "it is shown once"
    assert [api.ask("GET", "/keys").status_code for api in apis] == [200, 200]
    answer = house.administrator.ask("DELETE", f"/api/v1/serviceids/{service_id}/apikeys/{api_key['id']}")
    assert answer.status_code in (200, 204)
    for api in apis:
        is_nobody(api.ask("GET", "/keys"))


def test_a_deleted_service_id_ends_at_once(house, instance, somebody):
    service_id, apis = somebody
    house.grant(service_id, "Reader", instance=instance)
    assert house.administrator.ask("DELETE", f"/api/v1/serviceids/{service_id}").status_code == 204
    for api in apis:
        is_nobody(api.ask("GET", "/keys"))
    assert house.administrator.ask("GET", f"/api/v1/serviceids/{service_id}").status_code == 404


def test_an_api_key_ends_when_it_says_and_its_tokens_with_it(house, instance):
    service_id = house.service_id()
    house.grant(service_id, "Reader", instance=instance)
    api_key = house.api_key(service_id, expires_at=time.strftime(SECONDS, time.gmtime(time.time() + 3)))
    apis = [Api(house.server, bearer, instance) for bearer in (token(house.server, api_key), api_key)]
    assert [api.ask("GET", "/keys").status_code for api in apis] == [200, 200]
    time.sleep(3.5)
    for api in apis:
        is_nobody(api.ask("GET", "/keys"))
    assert ask_for_token(house.server, api_key).status_code in (400, 401)


@pytest.mark.parametrize("expires_at", ["2020-01-01T00:00:00Z", "tomorrow", 7])
def test_an_api_key_that_can_not_be(house, expires_at):
    service_id = house.service_id()
    body = {"name": "key", "expires_at": expires_at}
    assert house.administrator.ask("POST", f"/api/v1/serviceids/{service_id}/apikeys", body).status_code == 400
    assert house.listed(f"/api/v1/serviceids/{service_id}/apikeys") == []


def test_tokens_outlive_a_restart(tmp_path):
    with Keystead(tmp_path) as server:
        house = House(server)
        api = house.person("Reader", instance=house.default_instance())
        server.stop()
        server.start()
        assert api.elsewhere(api.instance).ask("GET", "/keys").status_code == 200
