"""Where carriers push to. A push is verified, kept and answered at once; it is read afterwards."""

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from logistics.carriers.base import PushRefused
from logistics.models import Carrier
from logistics.services.calling import adapter_of
from logistics.services.pushes import keep_push

MAX_PUSH_BYTES = 1024 * 1024


@csrf_exempt
@require_POST
def receive_push(request: HttpRequest, adapter: str, carrier_code: str) -> HttpResponse:
    """A carrier's push. An unknown carrier gets 404, a body over the limit 413, a wrong signature 403.

    One that is switched off still pushes: a refusal would lose the news of its parcels under way, and the carrier
    ends the subscription of an address that refuses.
    """
    carrier = Carrier.objects.filter(code=carrier_code, adapter=adapter).first()
    if carrier is None:
        raise Http404
    if len(body := request.read(MAX_PUSH_BYTES + 1)) > MAX_PUSH_BYTES:
        return HttpResponse(status=413)
    try:
        answer = keep_push(carrier=carrier, headers=request.headers, body=body)
    except PushRefused:
        refusal = adapter_of(carrier).push_answer(accepted=False)
        return HttpResponse(refusal.body, content_type=refusal.content_type, status=403)
    return HttpResponse(answer.body, content_type=answer.content_type)
