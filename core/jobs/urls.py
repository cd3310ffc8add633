from django.urls import path

from core.jobs import views

app_name = "jobs"

urlpatterns = [
    path("jobs/", views.JobList.as_view(), name="job_list"),
    path("jobs/panel/", views.JobsPanel.as_view(), name="panel"),
    path("jobs/bulk/", views.StartBulkAction.as_view(), name="bulk"),
    path("jobs/export/", views.StartExport.as_view(), name="export"),
    path("jobs/<int:pk>/", views.JobPage.as_view(), name="job_detail"),
    path("jobs/<int:pk>/progress/", views.JobProgress.as_view(), name="job_progress"),
    path("jobs/<int:pk>/cancel/", views.CancelJob.as_view(), name="job_cancel"),
    path("jobs/<int:pk>/retry/", views.RetryJob.as_view(), name="job_retry"),
    path("jobs/<int:pk>/file/", views.DownloadOutput.as_view(), name="job_output"),
    path("jobs/<int:pk>/upload/", views.DownloadInput.as_view(), name="job_input"),
    path("jobs/<int:pk>/failed.csv", views.DownloadFailedRows.as_view(), name="job_failed_rows"),
]
