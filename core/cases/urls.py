from django.urls import path

from core.cases import views

app_name = "cases"

urlpatterns = [
    path("exceptions/", views.CaseList.as_view(), name="case_list"),
    path("exceptions/work/", views.WorkScreen.as_view(), name="work"),
    path("exceptions/<int:pk>/", views.CasePage.as_view(), name="case_detail"),
    path("exceptions/<int:pk>/take/", views.TakeCase.as_view(), name="case_take"),
    path("exceptions/<int:pk>/start/", views.StartCase.as_view(), name="case_start"),
    path("exceptions/<int:pk>/wait/", views.WaitCase.as_view(), name="case_wait"),
    path("exceptions/<int:pk>/resume/", views.ResumeCase.as_view(), name="case_resume"),
    path("exceptions/<int:pk>/give-back/", views.GiveBackCase.as_view(), name="case_give_back"),
    path("exceptions/<int:pk>/assign/", views.AssignCase.as_view(), name="case_assign"),
    path("exceptions/<int:pk>/pass-on/", views.PassOnCase.as_view(), name="case_pass_on"),
    path("exceptions/<int:pk>/reopen/", views.ReopenCase.as_view(), name="case_reopen"),
    path("exceptions/<int:pk>/resolve/<slug:code>/", views.ResolveCase.as_view(), name="case_resolve"),
]
