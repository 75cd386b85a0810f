"""What a browser is called in the list of sessions."""

import pytest

from accounts.browsers import in_words

MAC, PHONE = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X)"
WINDOWS, ANDROID = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "Mozilla/5.0 (Linux; Android 10; K)"
WEBKIT, LIKE = "AppleWebKit/605.1.15 (KHTML, like Gecko)", "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:146.0) Gecko/146.0 Firefox/146.0", "Firefox on Android"),
        (f"{PHONE} {WEBKIT} FxiOS/146.0 Mobile/15E148 Safari/605.1.15", "Firefox on iPhone"),
        (f"{MAC} {WEBKIT} Version/26.1 Safari/605.1.15", "Safari on macOS"),
        (f"{PHONE} {WEBKIT} Version/26.1 Mobile/15E148 Safari/604.1", "Safari on iPhone"),
        (f"{WINDOWS} {LIKE} Chrome/142.0.0.0 Safari/537.36", "Chrome on Windows"),
        (f"{PHONE} {WEBKIT} CriOS/142.0 Mobile/15E148 Safari/604.1", "Chrome on iPhone"),
        ("Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) Chrome/142.0.0.0 Safari/537.36", "Chrome on ChromeOS"),
        (f"{WINDOWS} {LIKE} Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0", "Edge on Windows"),
        (f"{ANDROID} {LIKE} Chrome/142.0.0.0 Mobile Safari/537.36 EdgA/142.0.0.0", "Edge on Android"),
        (f"{MAC} {LIKE} Chrome/142.0.0.0 Safari/537.36 OPR/125.0.0.0", "Opera on macOS"),
        (f"{ANDROID} {LIKE} SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36", "Samsung Internet on Android"),
        (f"{ANDROID} {LIKE} Chrome/130.0.0.0 Mobile Safari/537.36 MicroMessenger/8.0.60", "WeChat on Android"),
        ("", "A browser that does not say which"),
        ("curl/8.14.1", "curl/8.14.1"),
        ("Firefox/146.0", "Firefox/146.0"),
        ("x" * 400, "x" * 59 + "…"),
    ],
)
def test_a_browser_is_called_what_its_reader_calls_it(user_agent, words):
    assert in_words(user_agent) == words
